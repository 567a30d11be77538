import { toDigest, type RunId } from "../../src/model/index.ts";
import type { RunEvent } from "../../src/model/run-event.ts";
import type { NumberedEvent } from "../../src/ports/run-desk.ts";

export const run = "01900000-0000-7000-8000-000000000001" as RunId;
export const child = "01900000-0000-7000-8000-000000000002" as RunId;
const approval = "01900000-0000-7000-8000-000000000003" as never;
const entry = "01900000-0000-7000-8000-000000000004" as never;
const startMs = Date.UTC(2026, 10, 21, 12);
const some = toDigest("something");
const cost = (micros: number) => ({ micros, tokens: 30, calls: 0 });
const usage = { input: 20, cached: 8, written: 4, output: 10, reasoning: 6 };
const place = (ordinal: number, step = 0) => ({ step, ordinal });

type Given = RunEvent extends infer E
  ? E extends RunEvent
    ? Omit<E, "v" | "atMs"> & { readonly afterMs: number }
    : never
  : never;

const planned = (tool: string, effect: "read" | "write" | "agent" | "skill") => ({
  tool,
  args: some,
  effect,
});

const said: readonly Given[] = [
  {
    type: "run.created",
    afterMs: 0,
    agent: "travel",
    bundle: some,
    input: toDigest("input"),
    principal: { tenant: "default" as never, kind: "user", subject: "ada", actor: null },
    roles: [],
    parent: null,
    root: run,
    forkOf: null,
    context: [],
    caps: { micros: null, tokens: null, calls: null },
    maxSteps: 10,
    deadlineMs: null,
  },
  { type: "run.started", afterMs: 5 },
  {
    type: "source.read",
    afterMs: 1,
    step: 0,
    source: "profile",
    digest: some,
    why: "first",
    isError: false,
    tokens: 5,
    cut: 0,
  },
  { type: "model.asked", afterMs: 2, step: 0, context: some, held: cost(100) },
  {
    type: "model.failed",
    afterMs: 700,
    step: 0,
    code: "model_busy",
    retryAtMs: startMs + 2_000,
    cost: cost(0),
  },
  { type: "model.asked", afterMs: 1_300, step: 0, context: some, held: cost(100) },
  {
    type: "model.responded",
    afterMs: 900,
    step: 0,
    backend: "gpu",
    response: toDigest("response"),
    stop: "tool_calls",
    calls: [
      planned("flights__search", "read"),
      planned("flights__book", "write"),
      planned("agents__clerk", "agent"),
      planned("skill__read", "skill"),
    ],
    usage,
    prices: some,
    cost: cost(2_500),
  },
  { type: "skill.read", afterMs: 1, ...place(3), skill: "packing", path: "SKILL.md", digest: some },
  {
    type: "call.ended",
    afterMs: 0,
    ...place(3),
    entry: null,
    outcome: "answered",
    result: some,
    cost: cost(0),
  },
  {
    type: "call.deferred",
    afterMs: 4,
    ...place(1),
    for: "approval",
    approval,
    name: null,
    untilMs: startMs + 9_000_000,
  },
  { type: "child.started", afterMs: 3, ...place(2), run: child },
  {
    type: "call.ended",
    afterMs: 92,
    ...place(0),
    entry: null,
    outcome: "answered",
    result: some,
    cost: cost(0),
    ms: 95,
    bytes: 10,
  },
  { type: "approval.decided", afterMs: 3_600_000, approval, outcome: "approved", inbox: 1 },
  {
    type: "fact.read",
    afterMs: 20,
    ...place(1),
    key: "fare",
    was: some,
    value: some,
    why: "stale",
    result: some,
    cost: cost(0),
  },
  { type: "call.started", afterMs: 5, ...place(1), intent: some, entry },
  {
    type: "call.ended",
    afterMs: 400,
    ...place(1),
    entry,
    outcome: "tool_error",
    result: some,
    cost: cost(0),
    ms: 430,
    bytes: 2,
  },
  {
    type: "child.ended",
    afterMs: 10,
    ...place(2),
    run: child,
    outcome: "completed",
    result: some,
    inbox: 2,
  },
  { type: "model.asked", afterMs: 2, step: 1, context: some, held: cost(100), for: "summary" },
  {
    type: "context.compacted",
    afterMs: 300,
    step: 1,
    upTo: 1,
    summary: some,
    ledger: some,
    tokens: { before: 900, after: 90 },
    dropped: { responses: 1, results: 4, sources: 0 },
    backend: "gpu",
    prices: some,
    cost: cost(1_000),
  },
  { type: "run.stopped", afterMs: 1, reason: "budget", detail: "money: 2 of 2" },
  {
    type: "run.resumed",
    afterMs: 60_000,
    by: "olga",
    caps: null,
    maxSteps: null,
    deadlineMs: null,
    inbox: 3,
  },
  { type: "model.asked", afterMs: 2, step: 1, context: some, held: cost(100) },
  {
    type: "model.responded",
    afterMs: 800,
    step: 1,
    backend: "gpu",
    response: some,
    stop: "ended",
    calls: [],
    usage: { ...usage, reasoning: null, cached: null, written: null },
    prices: some,
    cost: cost(500),
  },
  { type: "run.completed", afterMs: 1, output: toDigest("output") },
] as never;

/** A run that did nearly all that runs can do, an hour of it waiting. */
export const writtenLog: readonly NumberedEvent[] = said.reduce<readonly NumberedEvent[]>(
  (events, { afterMs, ...event }) => {
    const atMs = (events.at(-1)?.event.atMs ?? startMs) + afterMs;
    return [...events, { seq: events.length + 1, event: { v: 1, atMs, ...event } }];
  },
  [],
);
