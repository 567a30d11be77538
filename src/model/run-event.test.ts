import fc from "fast-check";
import { expect, test } from "vitest";
import { findUnfrozen } from "../../test/find-unfrozen.ts";
import { scaled, seed } from "../../test/scale.ts";
import {
  fromRunEventBytes,
  isTerminal,
  listEvents,
  nothing,
  runEventSchema,
  runStates,
  toDigest,
  toRunEventBytes,
  toRunMove,
  toUuidV7,
  transition,
  type RunEvent,
  type RunMove,
  type RunState,
  type Transition,
} from "./index.ts";

const id = toUuidV7(1_700_000_000_000, new Uint8Array(10).fill(1));
const digest = toDigest("x");
const principal = { tenant: "acme", kind: "user", subject: "ada", actor: null };
const caps = { micros: 5_000_000, tokens: null, calls: 20 };
const call = { step: 1, ordinal: 0 };
const held = { micros: 90_000, tokens: 8_000, calls: 0 };
const planned = { tool: "flights__find", args: digest, effect: "read" };
const usage = { input: 900, cached: 0, written: null, output: 40, reasoning: null };
const created = {
  agent: "travel",
  bundle: digest,
  input: digest,
  principal,
  roles: ["buyer"],
  parent: {
    run: id,
    ...call,
  },
  root: id,
  forkOf: {
    run: id,
    step: 2,
  },
  caps,
  maxSteps: 40,
  deadlineMs: 17000006e5,
  context: [
    {
      kind: "input",
      digest,
      step: 0,
      ordinal: 0,
    },
  ],
};
const turn = {
  step: 0,
  backend: "main",
  response: digest,
  stop: "tool_calls",
  calls: [planned],
  usage,
  prices: digest,
  cost: nothing,
};
const deferred = { for: "signal", approval: null, name: "paid", untilMs: 1_700_000_060_000 };

const shares = { instructions: 0.01, tools: 0.1, conversation: 0.2, sources: { profile: 0.02 } };

/** One of each type. */
const bodies: Readonly<Record<RunEvent["type"], object>> = {
  "run.created": created,
  "run.started": {},
  "model.asked": { step: 0, context: digest, held },
  "model.responded": turn,
  "tools.found": { step: 0, ordinal: 0, tools: ["flights__search"] },
  "source.read": {
    step: 0,
    source: "profile",
    digest,
    why: "first",
    isError: false,
    tokens: 12,
    cut: 0,
  },
  "fact.read": {
    step: 0,
    ordinal: 0,
    key: "fare:LH900",
    was: digest,
    value: digest,
    why: "stale",
    result: digest,
    cost: nothing,
  },
  "context.compacted": {
    step: 9,
    upTo: 5,
    summary: digest,
    ledger: digest,
    tokens: { before: 9_000, after: 900 },
    dropped: { responses: 5, results: 7, sources: 0 },
    backend: "main",
    prices: digest,
    cost: nothing,
  },
  "context.measured": {
    step: 9,
    quality: {
      calls: 4,
      wellFormed: 3,
      repeated: 1,
      results: 2,
      judged: 2,
      unused: 1,
      factsRead: 1,
      staleFacts: 1,
      staleEffects: 0,
      contradictions: 0,
      compactions: 0,
      window: { mean: shares, last: shares, largest: 0.75 },
      isSampled: false,
    },
  },
  "model.failed": { step: 0, code: "model_busy", retryAtMs: 1_700_000_001_000, cost: nothing },
  "call.started": { ...call, intent: digest, entry: id },
  "call.ended": { ...call, entry: id, outcome: "answered", result: digest, cost: nothing },
  "call.deferred": { ...call, ...deferred },
  "approval.decided": { approval: id, outcome: "approved", inbox: 1 },
  "child.started": { ...call, run: id },
  "child.stopped": { run: id, reason: "budget", inbox: 2 },
  "child.ended": { ...call, run: id, outcome: "partial", result: digest, inbox: null },
  "compensation.planned": { step: 2, by: "ada", response: digest, calls: [planned] },
  "run.waited": { for: "approval", untilMs: null },
  "run.woken": { by: "approval" },
  "signal.received": { name: "paid", payload: digest, inbox: 3 },
  "run.paused": { by: "ada", inbox: 4 },
  "run.resumed": {
    by: "ada",
    caps: {
      ...caps,
      calls: 40,
    },
    maxSteps: 80,
    deadlineMs: 17000009e5,
    inbox: 5,
  },
  "run.stopped": { reason: "budget", detail: "calls" },
  "run.parked": { reason: "an invariant did not hold" },
  "run.partly_completed": { output: digest, done: [call], open: [], unknown: [] },
  "run.completed": { output: digest },
  "run.failed": { code: "model_refused", detail: "" },
  "run.cancelled": { by: "ada", inbox: null },
  "skill.read": { step: 0, ordinal: 0, skill: "packing", path: "SKILL.md", digest },
  "letter.dropped": { inbox: 6, reason: "child_ended" },
};
const events = Object.entries(bodies).map(([type, body]) =>
  runEventSchema.parse({ v: 1, type, atMs: 1_700_000_000_000, ...body }),
);

test.each(events)("$type is read back as it was written, frozen", (event) => {
  const bytes = toRunEventBytes(event);
  const read = fromRunEventBytes(bytes);
  expect(read).toEqual(event);
  expect([...findUnfrozen(event), ...findUnfrozen(read)]).toEqual([]);
  const spaced = new TextEncoder().encode(JSON.stringify(event, null, 1));
  expect(() => fromRunEventBytes(spaced)).toThrow(/not canonical/);
  for (const key of Object.keys(event)) {
    const lacking = { ...event, [key]: { odd: true } } as unknown as RunEvent;
    expect(() => fromRunEventBytes(toRunEventBytes(lacking))).toThrow(/not those of a run's event/);
  }
});

test("a call's end may say how long it took and how much came of it, and older ones do not", () => {
  const [ended] = events.filter(({ type }) => type === "call.ended");
  expect(ended).not.toHaveProperty("ms");
  const measured = { ...ended!, ms: 12, bytes: 345 };
  expect(fromRunEventBytes(toRunEventBytes(measured as RunEvent))).toEqual(measured);
});

test("what is wrong in stored bytes is named by its place", () => {
  const resumed = events.find(({ type }) => type === "run.resumed")!;
  const text = new TextDecoder().decode(toRunEventBytes(resumed)).replace(":40", ":-1");
  expect(() => fromRunEventBytes(new TextEncoder().encode(text))).toThrow(
    expect.objectContaining({ code: "record_unreadable", details: { pointer: "/caps/calls" } }),
  );
});

test("every move of the table has its event, and the other way round", () => {
  const moves = new Set(events.map(toRunMove).filter((move) => move !== null));
  const states = Object.keys(runStates.moves) as RunState[];
  expect([...moves].toSorted()).toEqual(
    [...new Set(states.flatMap((state) => listEvents(runStates, state)))].toSorted(),
  );
});

test("no sequence of real events leaves the table, and an ended run stays ended", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...events), { maxLength: 60 }), (sequence) => {
      let state: RunState = runStates.initial;
      let ended: RunState | null = null;
      for (const event of sequence) {
        const move = toRunMove(event);
        const step: Transition<RunState, RunMove> | null =
          move === null ? null : transition(runStates, state, move);
        if (step?.kind === "moved") state = step.to;
        expect(Object.keys(runStates.moves)).toContain(state);
        if (ended !== null) expect(state).toBe(ended);
        if (isTerminal(runStates, state)) ended = state;
      }
    }),
    { numRuns: scaled({ test: 300, prove: 10_000 }), seed: seed() },
  );
});
