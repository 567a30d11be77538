import { expect, test } from "vitest";
import {
  makeCall,
  makeDecided,
  makeOutcome,
  makeRequest,
  makeRun,
  makeTool,
} from "../../test/made-up-call.ts";
import { toDigest, type EntryId } from "../model/index.ts";
import { createInMemoryTelemetry } from "../ports/in-memory-telemetry.ts";
import { createInMemoryTouches } from "../ports/in-memory-touches.ts";
import { createManualClock } from "../ports/manual-clock.ts";
import type { Touches } from "../ports/touches.ts";
import type { DecidedCall } from "./call.ts";
import type { Outcome } from "./outcome.ts";
import type { FlushingRecorder, IntentRecorded } from "./record.ts";
import { createTouching } from "./touching.ts";

const startMs = Date.UTC(2026, 10, 21);
const of = "019aa000-0000-7000-8000-000000000001" as EntryId;
const tenant = "acme" as Parameters<Touches["read"]>[0];

function open(more: Partial<Touches> = {}) {
  const clock = createManualClock(startMs);
  const telemetry = createInMemoryTelemetry({ clock });
  const asked: string[] = [];
  const kept = { ...createInMemoryTouches(), ...more };
  const touches = new Proxy(kept, {
    get(target, name) {
      asked.push(String(name));
      return Reflect.get(target, name) as unknown;
    },
  });
  let id = 0;
  const touching = createTouching({
    touches,
    hashes: { hash: (_, purpose, parts) => toDigest(JSON.stringify([purpose, parts])) },
    clock,
    telemetry,
    toId: () => String((id += 1)),
  });
  const told: string[] = [];
  const recordedAs: { next: IntentRecorded } = { next: { kind: "durable", id: of } };
  const recorder = touching.record({
    intent: async () => {
      told.push("intent");
      return recordedAs.next;
    },
    outcome: ({ outcome }) => void told.push(outcome),
  } as Partial<FlushingRecorder> as FlushingRecorder);
  const rowOf = async (name: string) => {
    const rows = await kept.read(tenant, [toDigest(JSON.stringify(["touch", [name]]))]);
    return rows[0] ?? null;
  };
  return { clock, telemetry, asked, touching, told, recordedAs, recorder, rowOf };
}

const declaring = (changes?: readonly string[]) =>
  makeTool("act", {
    config: {
      effect: "write",
      idempotent: false,
      ...(changes === undefined ? {} : { changes: [...changes] }),
    },
  });
const seat = declaring(["seat:{/args/flight}"]);
const toCall = (more: Partial<DecidedCall> = {}) =>
  makeDecided({ tool: seat, args: { flight: "LH900" }, notAfterMs: startMs + 60_000, ...more });
const toOutcome = (outcome: Outcome["outcome"]) =>
  makeOutcome({ call: makeCall({ tool: seat }), of, outcome });

test("a call of a tool that declares nothing asks the store for nothing", async () => {
  const { recorder, asked, told } = open();
  await recorder.intent(toCall({ tool: declaring() }));
  await recorder.outcome(toOutcome("answered"));
  await recorder.outcome(makeOutcome());
  expect([asked, told]).toEqual([[], ["intent", "answered", "answered"]]);
});

test("a thing is taken before the intent, and no second call has it until the outcome", async () => {
  const { recorder, told, rowOf, telemetry, clock } = open();
  await recorder.intent(toCall());
  expect(await rowOf("seat:LH900")).toMatchObject({ open: { by: "call:1", run: null } });
  await expect(recorder.intent(toCall())).rejects.toMatchObject({
    code: "thing_in_use",
    message: "Another call is changing seat:LH900.",
    details: { retryAtMs: startMs + 60_000 },
  });
  expect(telemetry.value("gate_conflicts", {})).toBe(1);
  clock.advance(5);
  await recorder.outcome(toOutcome("answered"));
  expect(await rowOf("seat:LH900")).toMatchObject({ changed: { atMs: startMs + 5 }, open: null });
  expect(told).toEqual(["intent", "answered"]);
});

test.each([
  ["answered", true],
  ["tool_error", true],
  ["unknown", true],
  ["fault", false],
  ["denied", false],
] as const)("an outcome of %s: whether it may have changed is %s", async (outcome, isChanged) => {
  const { recorder, rowOf } = open();
  await recorder.intent(toCall());
  await recorder.outcome(toOutcome(outcome));
  const row = await rowOf("seat:LH900");
  expect([row!.changed !== null, row!.open]).toEqual([isChanged, null]);
});

test("what the bundle of a run declares is taken, too, under the name of its call", async () => {
  const { recorder, rowOf } = open();
  const run = makeRun({ step: 2, ordinal: 1, changes: ["fare:{/args/flight}"] });
  await recorder.intent(toCall({ request: makeRequest({ run }) }));
  for (const name of ["seat:LH900", "fare:LH900"])
    expect(await rowOf(name)).toMatchObject({ open: { by: `run:${run.run}/2/1`, run: run.run } });
});

test("what a call rests on is asked after once its things are its own: it goes no further if it has changed", async () => {
  const { recorder, told, rowOf } = open();
  const asked: unknown[] = [];
  const stillHolds = async () => {
    asked.push((await rowOf("seat:LH900"))?.open?.by);
    return false;
  };
  const run = makeRun({ stillHolds });
  const request = makeRequest({ run });
  const stale = { code: "facts_stale" };
  await expect(recorder.intent(toCall({ request }))).rejects.toMatchObject(stale);
  expect(asked).toEqual([`run:${run.run}/0/0`]);
  expect(await rowOf("seat:LH900")).toMatchObject({ changed: null, open: null });
  // What takes no things rests on some all the same.
  const call = toCall({ request, tool: declaring() });
  await expect(recorder.intent(call)).rejects.toMatchObject(stale);
  const away = makeRequest({
    run: makeRun({ stillHolds: () => Promise.reject(new Error("away")) }),
  });
  await expect(recorder.intent(toCall({ request: away }))).rejects.toThrow("away");
  expect([told, (await rowOf("seat:LH900"))!.open]).toEqual([[], null]);
  const holds = makeRequest({ run: makeRun({ stillHolds: async () => true }) });
  await recorder.intent(toCall({ request: holds }));
  expect(told).toEqual(["intent"]);
});

test("where nobody heard whether a thing was taken, it is let go", async () => {
  const kept = createInMemoryTouches();
  const scene = open({
    ...kept,
    async begin(touching) {
      await kept.begin(touching);
      throw new Error("cut off");
    },
  });
  await expect(scene.recorder.intent(toCall())).rejects.toThrow("cut off");
  expect([scene.told, (await scene.rowOf("seat:LH900"))!.open]).toEqual([[], null]);
});

test("a replica whose clock is ahead does not take what another one's call still has", async () => {
  const { recorder, clock } = open();
  await recorder.intent(toCall());
  clock.advance(61_000);
  const later = toCall({ notAfterMs: startMs + 120_000 });
  await expect(recorder.intent(later)).rejects.toMatchObject({ code: "thing_in_use" });
  clock.advance(1_001);
  expect(await recorder.intent(later)).toMatchObject({ kind: "durable" });
});

test("an intent that did not become durable leaves nothing taken, and nothing changed", async () => {
  const { recorder, recordedAs, rowOf } = open();
  recordedAs.next = { kind: "key_taken" };
  expect(await recorder.intent(toCall())).toEqual({ kind: "key_taken" });
  expect(await rowOf("seat:LH900")).toMatchObject({ changed: null, open: null });
});

test("what cannot be named is not called, and nothing is recorded", async () => {
  const { recorder, told } = open();
  for (const args of [{}, { flight: null }, { flight: ["LH900"] }, { flight: { id: 1 } }])
    await expect(recorder.intent(toCall({ args }))).rejects.toMatchObject({
      code: "request_invalid",
      message: expect.stringContaining("seat:{/args/flight}") as unknown,
    });
  expect(told).toEqual([]);
});

test("where the store is away after the outcome, the outcome stands, and that is logged", async () => {
  const { recorder, told, telemetry } = open({
    end: () => Promise.reject(new Error("away")),
  });
  await recorder.intent(toCall());
  await recorder.outcome(toOutcome("answered"));
  expect(told).toEqual(["intent", "answered"]);
  expect(telemetry.lines).toHaveLength(1);
});

test("a call that lives longer keeps its things for longer, and one that takes none does not ask", async () => {
  const { recorder, touching, rowOf, asked } = open();
  const prolonged: number[] = [];
  const calls = touching.prolonging({
    byKey: async () => null,
    prolong: async (_, notAfterMs) => prolonged.push(notAfterMs) > 0,
  });
  await calls.prolong({ tenant, id: of }, startMs + 70_000);
  expect(asked).toEqual([]);
  await recorder.intent(toCall());
  await calls.prolong({ tenant, id: of }, startMs + 90_000);
  expect(await rowOf("seat:LH900")).toMatchObject({ open: { untilMs: startMs + 90_000 } });
  expect(prolonged).toEqual([startMs + 70_000, startMs + 90_000]);
});
