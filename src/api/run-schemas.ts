import { z } from "zod";
import { runStates, type RunState } from "../model/run-states.ts";

const at = z.iso.datetime();
const states = Object.keys(runStates.moves) as [RunState, ...RunState[]];
const count = z.int().nonnegative();

const amounts = z.object({ money: z.string(), tokens: count, calls: count });
const caps = z
  .object({ money: z.string().nullable(), tokens: count.nullable(), calls: count.nullable() })
  .describe("A cap of null is one that nobody set.");

const wait = z.object({
  kind: z.enum(["approval", "run", "timer", "credential", "signal"]),
  until: at.nullable(),
  run: z.string().nullable().describe("The sub-agent's run that it waits for."),
  tool: z.string().nullable().describe("The call that a person decides on."),
  approval: z.string().nullable(),
  digest: z.string().nullable().describe("Of the intent that is approved; null: gone."),
  url: z.string().nullable().describe("Of the page where a person decides."),
});

const call = z.object({
  step: count,
  ordinal: count,
  tool: z.string(),
  effect: z.enum(["read", "write", "destructive", "agent", "wait", "skill", "find", "refused"]),
  state: z
    .enum(["planned", "started", "waiting", "done", "open", "failed", "denied", "unknown"])
    .describe("`open`: not done, and could be."),
});

const share = z.number().min(0).max(1);
const shares = z.object({
  instructions: share,
  tools: share,
  conversation: share,
  sources: z.record(z.string(), share).describe("By name."),
});

const quality = z
  .object({
    calls: count.describe("That the model asked for."),
    wellFormed: count.describe(
      "Of these: of a tool that there is, with arguments as it takes them.",
    ),
    repeated: count.describe(
      "Of these: answered before, and nothing was done since that could change the answer.",
    ),
    results: count.describe("Of reads and sub-agents, which the model went on after."),
    judged: count.describe("Of these: what was looked at."),
    unused: count.describe("Of what was looked at: the model came back to nothing that they say."),
    factsRead: count.describe("Again, before an effect."),
    staleFacts: count.describe("Of these: not any more what the run had known."),
    staleEffects: count.describe("Refused after one of these."),
    contradictions: count.describe("Arguments that were not what the recorded fact says."),
    compactions: count,
    window: z
      .object({ mean: shares, last: shares, largest: share })
      .nullable()
      .describe("Shares of the window; null: no model was asked."),
    sampled: z.boolean().describe("Not all of the log and of its texts was looked at."),
  })
  .describe("How well its context served it.");

const row = z.object({
  id: z.string(),
  agent: z.string().nullable(),
  subject: z.string().nullable().describe("Who started it."),
  state: z.enum(states),
  head: count.describe("Sequence of its last event."),
  parent: z.string().nullable(),
  createdAt: at.nullable(),
  endedAt: at.nullable(),
  steps: count.nullable().describe("Null, as what it has spent: it is older than these are kept."),
  spent: z
    .object({ money: z.string(), tokens: count })
    .nullable()
    .describe("By the run itself, without its sub-agents."),
  why: z
    .string()
    .nullable()
    .describe("What it waits for; or the code for which it stopped, was parked or failed."),
});

const event = z.object({
  seq: count,
  event: z
    .looseObject({ v: z.int(), type: z.string(), atMs: z.int() })
    .describe("As the log has it; with `contents` also the texts that it names, by digest."),
});

const told = z.object({
  id: z.string(),
  word: z.enum(["cancel", "pause", "resume", "compensate", "signal"]),
});

export const runSchemas = {
  Run: z.object({
    id: z.string(),
    agent: z.string(),
    bundle: z.string().describe("Digest of what it runs with, from its start to its end."),
    subject: z.string().describe("Who started it."),
    state: z.enum(states),
    head: count.describe("Sequence of its last event."),
    parent: z.string().nullable(),
    createdAt: at,
    deadline: at.nullable(),
    steps: count,
    maxSteps: count,
    budget: z.object({ caps, spent: amounts, held: amounts }),
    waits: z.array(wait),
    reason: z
      .object({ code: z.string(), detail: z.string() })
      .nullable()
      .describe("Why it stopped, failed or was parked."),
    output: z
      .string()
      .nullable()
      .describe("Null also for whoever may not see the texts of this run."),
    quality: quality
      .nullable()
      .describe("Null until it has ended, and of a run that ended before ends were measured."),
    calls: z.array(call),
    children: z.array(z.string()),
  }),
  Runs: z.object({
    runs: z.array(row).describe("The newest first."),
    next: z.string().nullable().describe("What to ask for as `before`; null on the last page."),
  }),
  RunCounts: z.object({
    states: z.record(z.enum(states), count),
    most: count.describe("So many are counted at most: of each state, or where filtered, in all."),
    cut: z.boolean().describe("There are more; where filtered, the newest were counted."),
  }),
  RunEvents: z.object({
    events: z.array(event),
    next: count
      .nullable()
      .describe("What to ask for as `after`; null where nothing more is there."),
  }),
  RunContent: z.object({ digest: z.string(), text: z.string() }),
  RunContext: z.object({
    id: z.string(),
    step: count,
    at,
    snapshot: z.string().describe("Digest of what stood in it, in its order."),
    parent: z.string().nullable().describe("The snapshot before it; null: the first."),
    window: count.nullable().describe("Tokens that the model takes; null: its bundle is gone."),
    share: z.number().nullable().describe("What of the window is taken."),
    tokens: z
      .object({
        instructions: count,
        skills: count.describe("The list of skills, which is told with the instructions."),
        tools: count,
        conversation: count,
        sources: z.record(z.string(), count).describe("By name."),
        total: count,
      })
      .describe("As they are estimated."),
    counted: z
      .object({ backend: z.string(), input: count.nullable() })
      .nullable()
      .describe("What the backend counted; null where it has not answered."),
    parts: z.array(
      z.object({
        kind: z.string(),
        step: count,
        ordinal: count,
        name: z.string().nullable().describe("Of a source."),
        digest: z.string().describe("Of the text."),
        tokens: count,
        new: z.boolean().describe("It did not stand in the snapshot before."),
      }),
    ),
    dropped: z
      .array(
        z.object({
          kind: z.string(),
          step: count,
          ordinal: count,
          name: z.string().nullable(),
          why: z.string(),
        }),
      )
      .describe("What is left out since the snapshot before, and why."),
    summary: z
      .object({
        upTo: count.describe("It stands for all before this step."),
        text: z.string().nullable().describe("Null for whoever may not see the texts of this run."),
        ledger: z.string().nullable(),
      })
      .nullable(),
  }),
  RunTrace: z.object({
    id: z.string(),
    trace: z.string().describe("Id of the trace, as it is sent to others."),
    cut: z
      .boolean()
      .describe(
        "It is too long to be shown whole, and what came last is missing; or a sub-agent cannot be read.",
      ),
    spans: z
      .array(
        z.object({
          id: z.string(),
          parent: z.string().nullable().describe("Of the run itself: the span that asked for it."),
          run: z.string(),
          name: z.string(),
          kind: z.enum(["internal", "client"]),
          start: at,
          end: at.nullable().describe("Null: it has not ended."),
          error: z.boolean(),
          attributes: z.record(
            z.string(),
            z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]),
          ),
        }),
      )
      .describe("In the order in which they began; sub-agents after what called them."),
  }),
  RunTold: told,
  RunResumed: told.extend({
    stopped: z
      .array(z.object({ id: z.string(), code: z.string(), detail: z.string() }))
      .describe(
        "Sub-agents that stopped at a bound of their own: each goes on when it is resumed itself, with more.",
      ),
  }),
  RunForked: z.object({ id: z.string().describe("Of the new run."), of: z.string(), step: count }),
} as const;
