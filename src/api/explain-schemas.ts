import { z } from "zod";
import { failureClasses } from "../model/failure-class.ts";
import { runStates, type RunState } from "../model/run-states.ts";

const at = z.iso.datetime();
const states = Object.keys(runStates.moves) as [RunState, ...RunState[]];
const count = z.int().nonnegative();
const ms = z.number();
const amounts = z.object({ money: z.string(), tokens: count, calls: count });
const caps = z.object({
  money: z.string().nullable(),
  tokens: count.nullable(),
  calls: count.nullable(),
});

const failure = z
  .object({
    class: z
      .enum(failureClasses)
      .nullable()
      .describe("Whom to look at first; null: this version does not know the code."),
    code: z.string().nullable(),
  })
  .describe("`none`: nothing failed there.");

/** What each layer says besides. */
const layer = {
  at: at.nullable().describe("When the layer was last heard of; null: not yet."),
  failure,
  unrecorded: z.array(z.string()).describe("What nobody has written down, in words."),
};

const place = { step: count, ordinal: count, tool: z.string() };

const identity = z.object({
  ...layer,
  kind: z.enum(["user", "service"]).describe("Holders of keys are services."),
  subject: z.string().describe("For whom it acts."),
  roles: z.array(z.string()).describe("With which it acts."),
  agent: z.string(),
  bundle: z.string(),
  parent: z
    .object({ run: z.string(), step: count, ordinal: count })
    .nullable()
    .describe("The call that asked for it."),
  root: z.string().describe("Whose budget it shares."),
  forkOf: z.object({ run: z.string(), step: count }).nullable(),
  deadline: z
    .object({
      at,
      leftAtStartMs: ms,
      leftMs: ms.describe("At its last event; below nothing: it was over by then."),
      moved: z.boolean(),
    })
    .nullable(),
});

const admission = z.object({
  ...layer,
  asked: at,
  started: at.nullable().describe("When a worker took it first."),
  queuedMs: ms.nullable(),
  waits: z.array(
    z.object({
      for: z.enum(["approval", "timer", "signal", "run", "credential", "resume"]),
      from: at,
      until: at.nullable().describe("Null: it goes on."),
      limit: at.nullable(),
    }),
  ),
  taken: count.describe("How often a worker took it: at each wake, and over from a lost one."),
  lost: z.array(at).describe("A worker was lost while the model was asked."),
});

const standing = z.object({
  ...layer,
  state: z.enum(states),
  seq: count.describe("Of the event that put it there."),
  event: z.string(),
  by: z.string().nullable(),
  detail: z.string().nullable(),
  paused: count,
  resumed: count,
  stopped: count,
});

const execution = z.object({
  ...layer,
  from: at.nullable(),
  steps: count,
  maxSteps: count,
  model: z.object({
    asked: count,
    answered: count,
    compactions: count,
    failed: z.array(z.object({ step: count, at, failure })),
  }),
  calls: z.record(z.string(), count).describe("How often a call ended so."),
  children: z.record(z.string(), count).describe("How often a sub-agent ended so."),
  slowest: z.array(
    z.object({
      what: z.enum(["model", "call"]),
      step: count,
      ordinal: count.nullable(),
      name: z.string(),
      at,
      ms,
    }),
  ),
  denials: z.array(
    z.object({
      ...place,
      at,
      rule: z
        .string()
        .nullable()
        .describe("Null: none is named, or whoever asks may not see the texts of this run."),
    }),
  ),
  asks: z.array(
    z.object({
      ...place,
      at,
      approval: z.string().nullable(),
      decided: at.nullable(),
      outcome: z.enum(["approved", "denied", "expired", "voided"]).nullable(),
    }),
  ),
  unknown: z
    .array(z.object({ ...place, entry: z.string().nullable() }))
    .describe("Effects of which nobody knows whether they were carried out."),
  open: z.array(z.object(place)).describe("Begun, and not over."),
  budget: z.object({ caps, spent: amounts, held: amounts }),
});

const delivery = z.object({
  ...layer,
  ready: z
    .object({ at, seq: count, output: z.string().describe("Digest of the text.") })
    .nullable(),
  announced: z
    .array(z.object({ id: z.string(), type: z.enum(["run.ended", "run.stopped"]), at }))
    .describe("What webhooks that ask for it are told, with the id of their request."),
});

export const explainSchemas = {
  RunExplanation: z
    .object({
      id: z.string(),
      trace: z.string(),
      head: count.describe("Sequence of the last event that it is from."),
      cut: z.boolean().describe("There is more than is shown: of events, or of one of the lists."),
      identity,
      admission,
      state: standing,
      execution,
      delivery,
    })
    .describe("A run from the outside in, from its log."),
} as const;
