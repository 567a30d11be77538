import { expect, test } from "vitest";
import type { Run } from "../client/client.ts";
import { nothing } from "../model/budget.ts";
import {
  toDigest,
  type ApprovalId,
  type EntryId,
  type RunId,
  type TenantId,
} from "../model/index.ts";
import { runEventSchema, type RunEvent } from "../model/run-event.ts";
import { createEventLines, renderOpen, renderRun, renderRuns, renderWait } from "./render-run.ts";
import { createVoice } from "./voice.ts";

const { paint } = createVoice(
  { out: () => undefined, err: () => undefined, isInteractive: false, hasColor: false },
  false,
);
const idOf = (n: number) => `01900000-0000-7000-8000-00000000000${n}`;
const run = idOf(1) as RunId;
const other = idOf(2) as RunId;
const approval = idOf(3) as ApprovalId;
const entry = idOf(4) as EntryId;
const digest = toDigest("x");
const tool = (name: string) => ({ tool: name, args: digest, effect: "write" as const });
const measured = {
  calls: 1,
  wellFormed: 1,
  repeated: 0,
  results: 4,
  judged: 3,
  unused: 2,
  factsRead: 0,
  staleFacts: 0,
  staleEffects: 0,
  contradictions: 0,
  compactions: 0,
  window: null,
  isSampled: true,
};
const usage = { input: 9, cached: null, written: null, output: 42, reasoning: null };
const place = { step: 1, ordinal: 1 };
const untilMs = 1_795_000_600_000;
const base = { backend: "gpu", response: digest, prices: digest, cost: nothing, usage };
type Given = RunEvent extends infer E
  ? E extends RunEvent
    ? Omit<E, "v" | "atMs">
    : never
  : never;

const given: readonly Given[] = [
  {
    type: "run.created",
    agent: "travel",
    bundle: digest,
    input: digest,
    principal: { tenant: "default" as TenantId, kind: "user", subject: "ada", actor: null },
    roles: [],
    parent: null,
    root: run,
    forkOf: { run: other, step: 2 },
    context: [],
    caps: { micros: null, tokens: null, calls: null },
    maxSteps: 9,
    deadlineMs: null,
  },
  { type: "run.started" },
  { type: "model.asked", step: 1, context: digest, held: nothing },
  {
    type: "model.responded",
    ...base,
    step: 1,
    stop: "tool_calls",
    calls: [tool("a__b"), tool("c__d")],
  },
  { type: "model.responded", ...base, step: 2, stop: "ended", calls: [] },
  { type: "model.responded", ...base, step: 3, stop: "length", calls: [], backend: "g\u001b[2Jpu" },
  { type: "model.failed", step: 1, code: "model_busy", retryAtMs: untilMs, cost: nothing },
  { type: "call.started", ...place, intent: digest, entry },
  { type: "call.ended", ...place, entry, outcome: "tool_error", result: digest, cost: nothing },
  { type: "call.deferred", ...place, for: "approval", approval, name: null, untilMs },
  { type: "call.deferred", ...place, for: "signal", approval: null, name: "paid", untilMs },
  { type: "approval.decided", approval, outcome: "approved", inbox: 1 },
  { type: "child.started", ...place, run: other },
  { type: "child.stopped", run: other, reason: "budget", inbox: 1 },
  { type: "child.ended", ...place, run: other, outcome: "partial", result: digest, inbox: 1 },
  {
    type: "compensation.planned",
    step: 4,
    by: "admin",
    response: digest,
    calls: [tool("a__undo")],
  },
  { type: "run.waited", for: "approval", untilMs },
  { type: "run.waited", for: "run", untilMs: null },
  { type: "run.woken", by: "signal" },
  { type: "signal.received", name: "paid", payload: digest, inbox: 1 },
  { type: "run.paused", by: "olga", inbox: 1 },
  { type: "run.resumed", by: "olga", caps: null, maxSteps: null, deadlineMs: null, inbox: 1 },
  { type: "run.stopped", reason: "budget", detail: "money: 2 of 2" },
  { type: "run.parked", reason: "an invariant" },
  {
    type: "run.partly_completed",
    output: digest,
    done: [place],
    open: [place, place],
    unknown: [],
  },
  { type: "tools.found", ...place, tools: ["flights__search", "flights__book\u202e"] },
  {
    type: "source.read",
    step: 4,
    source: "profile",
    digest,
    why: "stale",
    isError: true,
    tokens: 12,
    cut: 0,
  },
  {
    type: "fact.read",
    ...place,
    key: "fare:BA117",
    was: digest,
    value: null,
    why: "touched",
    result: digest,
    cost: nothing,
  },
  {
    type: "context.compacted",
    step: 9,
    upTo: 5,
    summary: digest,
    ledger: digest,
    tokens: { before: 9_000, after: 900 },
    dropped: { responses: 5, results: 7, sources: 0 },
    backend: "gpu",
    prices: digest,
    cost: nothing,
  },
  { type: "context.measured", step: 9, quality: measured },
  { type: "run.completed", output: digest },
  { type: "run.failed", code: "model_refused", detail: "no\u202e" },
  { type: "run.cancelled", by: "admin", inbox: null },
  { type: "letter.dropped", inbox: 1, reason: "late" },
  { type: "skill.read", ...place, skill: "packing", path: "references/bags.md", digest },
];

test("every event is one calm line", async () => {
  const events = given.map((each, at) => ({ v: 1, atMs: 1_795_000_000_000 + at * 1_000, ...each }));
  for (const event of events) expect(runEventSchema.safeParse(event).error).toBeUndefined();
  const known = new Set<string>(given.map(({ type }) => type));
  const all = runEventSchema.unwrap().options.map(({ shape }) => shape.type.value);
  expect(all.filter((type) => !known.has(type))).toEqual([]);
  const show = createEventLines(paint);
  const lines = events.map((event, at) => show(at + 1, event));
  expect(lines.join("").includes("\u001b")).toBe(false);
  await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot("../../test/golden/run-events.txt");
});

test("an event that this program does not know goes by its name, inert", () => {
  expect(createEventLines(paint)(7, { type: "run.\u001bdreamt", atMs: 0, v: 2 })).toBe(
    "   7  00:00:00  event     run.⟦U+001B ESCAPE⟧dreamt",
  );
});

test("texts stand below their event, on one line each, cut and inert", () => {
  const event = { v: 1, atMs: 0, type: "run.completed", output: digest };
  const text = `line one\nline two\u001b[2J${"x".repeat(1_000)}`;
  const shown = createEventLines(paint)(1, { ...event, contents: { [digest]: text, other: null } });
  const [head, below = "", ...rest] = shown.split("\n");
  expect([head, rest]).toEqual(["   1  00:00:00  completed", []]);
  expect(below.length).toBeLessThan(450);
  expect(below).not.toContain("\u001b");
});

test("what a model said and called is shown as such", () => {
  const event = { v: 1, atMs: 0, type: "run.completed", output: digest };
  const said = JSON.stringify({ text: "I book.", calls: [{ name: "a__b", args: '{"x":1}' }] });
  const show = createEventLines(paint);
  const lines = show(1, { ...event, contents: { [digest]: said } }).split("\n");
  expect(lines.slice(1).map((each) => each.trim())).toEqual(["| I book.", '| a__b {"x":1}']);
  const odd = show(1, { ...event, contents: { [digest]: '{"text":1}' } });
  expect(odd.endsWith('| {"text":1}')).toBe(true);
});

const shown: Run = {
  id: run,
  agent: "travel",
  bundle: digest,
  subject: "user:ada",
  state: "partial",
  head: 12,
  parent: null,
  createdAt: "2026-11-21T10:00:00.000Z",
  deadline: "2026-11-21T11:00:00.000Z",
  steps: 3,
  maxSteps: 50,
  budget: {
    caps: { money: "2", tokens: null, calls: 9 },
    spent: { money: "0.5", tokens: 1_200, calls: 3 },
    held: { money: "0", tokens: 0, calls: 0 },
  },
  waits: [],
  reason: { code: "calendar", detail: "down" },
  output: "Booked,\nnot in the calendar.\u001b[2J",
  quality: {
    calls: 12,
    wellFormed: 11,
    repeated: 2,
    results: 1,
    judged: 1,
    unused: 1,
    factsRead: 2,
    staleFacts: 1,
    staleEffects: 1,
    contradictions: 0,
    compactions: 3,
    window: {
      mean: { instructions: 0.01, tools: 0.125, conversation: 0.3, sources: { "p\u202e": 0.02 } },
      last: { instructions: 0.01, tools: 0.125, conversation: 0.3, sources: {} },
      largest: 0.7501,
    },
    sampled: false,
  },
  calls: [
    { step: 1, ordinal: 0, tool: "booking__book", effect: "write", state: "done" },
    { step: 2, ordinal: 0, tool: "calendar__add", effect: "write", state: "open" },
    { step: 2, ordinal: 1, tool: "mail__send", effect: "write", state: "unknown" },
  ],
  children: [other],
};

test("a run is shown whole, and what is open of it apart", async () => {
  const asked = {
    kind: "approval" as const,
    until: "2026-11-21T10:30:00.000Z",
    run: null,
    tool: "booking__book",
    approval,
    digest,
    url: "http://localhost:7070/approvals/1",
  };
  const none = { run: null, tool: null, approval: null, digest: null, url: null, until: null };
  const waits = [
    asked,
    { ...asked, digest: null },
    { ...none, kind: "run" as const, run: other },
    { ...none, kind: "timer" as const, until: asked.until },
  ];
  const text = [
    renderRun(shown, paint),
    ...renderOpen(shown),
    ...waits.map(renderWait),
    renderRuns([{ ...shown, agent: null, endedAt: null, spent: null, why: null }]),
  ].join("\n\n");
  expect(text).not.toContain("\u001b");
  await expect(`${text}\n`).toMatchFileSnapshot("../../test/golden/run-report.txt");
});
