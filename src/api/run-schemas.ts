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

const row = z.object({
  id: z.string(),
  agent: z.string().nullable(),
  subject: z.string().nullable().describe("Who started it."),
  state: z.enum(states),
  head: count.describe("Sequence of its last event."),
  parent: z.string().nullable(),
  createdAt: at.nullable(),
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
    calls: z.array(call),
    children: z.array(z.string()),
  }),
  Runs: z.object({
    runs: z.array(row).describe("The newest first."),
    next: z.string().nullable().describe("What to ask for as `before`; null on the last page."),
  }),
  RunEvents: z.object({
    events: z.array(event),
    next: count
      .nullable()
      .describe("What to ask for as `after`; null where nothing more is there."),
  }),
  RunContent: z.object({ digest: z.string(), text: z.string() }),
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
