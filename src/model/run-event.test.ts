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
const run = { agent: "travel", bundle: digest, input: digest, principal, parent: null };
const turn = { step: 0, backend: "main", context: digest, response: digest, cost: nothing };

/** One of each type. */
const bodies: Readonly<Record<RunEvent["type"], object>> = {
  "run.started": { ...run, caps, deadlineMs: 1_700_000_600_000 },
  "model.asked": { step: 0, context: digest, held: { micros: 90_000, tokens: 8_000, calls: 0 } },
  "model.responded": turn,
  "call.started": { ...call, intent: digest, entry: id, held: nothing },
  "call.ended": { ...call, entry: id, outcome: "answered", result: digest, cost: nothing },
  "call.resolved": { ...call, outcome: "not_done" },
  "approval.requested": { ...call, approval: id },
  "approval.decided": { approval: id, outcome: "approved" },
  "context.compacted": { snapshot: digest, parent: digest, dropped: 12 },
  "run.waited": { for: "approval", untilMs: null },
  "run.woken": { by: "approval" },
  "signal.received": { name: "paid", payload: digest },
  "run.paused": { by: "ada" },
  "run.resumed": { by: "ada", caps: { ...caps, calls: 40 } },
  "run.stopped": { reason: "budget", detail: "calls" },
  "run.parked": { reason: "an invariant did not hold" },
  "run.partly_completed": { output: digest, done: [call], open: [], unknown: [] },
  "run.completed": { output: digest },
  "run.failed": { code: "model_refused", detail: "" },
  "run.cancelled": { by: "ada" },
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
