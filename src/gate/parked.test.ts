import { expect, test } from "vitest";
import { makeDecided } from "../../test/made-up-call.ts";
import { Fault, type EntryId } from "../model/index.ts";
import { createManualClock } from "../ports/manual-clock.ts";
import type { AdmittedCall, Opened } from "./call.ts";
import { CallLife } from "./call-life.ts";
import type { Dispatched } from "./dispatch.ts";
import { createParkedCalls, ParkedCall } from "./parked.ts";
import { createWords } from "./words.ts";

const parkMs = 10_000;
/** The call's own time, shorter than it may be parked. */
const ownMs = 1_000;

type Prolong = (toMs: number) => Promise<boolean>;

function openParked({ prolong = async () => true, max = 2 }: Given = {}) {
  const clock = createManualClock(0);
  const rows: number[] = [];
  const lost: string[] = [];
  const calls = {
    prolong: async (_: unknown, toMs: number) => {
      const isOpen = await prolong(toMs);
      if (isOpen) rows.push(toMs);
      return isOpen;
    },
  };
  const parked = createParkedCalls({
    clock,
    max,
    parkMs,
    onCount: () => undefined,
    onLost: async (_, reason) => void lost.push(reason.code),
  });
  function begin() {
    const call = { ...makeDecided(), queuedUs: 0 } as unknown as AdmittedCall;
    const of = "entry" as EntryId;
    const { tenant } = call.request.principal;
    const life = new CallLife({ clock, calls }, { tenant, of, notAfterMs: ownMs });
    const noted = { credential: null, sandbox: null, isUnsent: false, wasReceived: true };
    const words = createWords(() => undefined);
    const opened: Opened = { call, of, extra: "", noted, words, life };
    const one = new ParkedCall(opened, new AbortController());
    one.begin(new Promise<Dispatched>(() => undefined));
    const answer = one.onAsk({ method: "elicitation/create", params: {}, signal: one.signal });
    const told: string[] = [];
    answer.then(
      ({ kind }) => void told.push(kind),
      (reason: Fault) => void told.push(reason.code),
    );
    return { one, told, life };
  }
  return { clock, parked, rows, lost, begin };
}

interface Given {
  readonly prolong?: Prolong;
  readonly max?: number;
}

const responses = { "ask-1": { action: "accept" } };
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("I4: the row of a parked call says how long it may be parked, before it is", async () => {
  const held = Promise.withResolvers<boolean>();
  const { parked, rows, begin, lost } = openParked({ prolong: () => held.promise });
  const { one, life, told } = begin();
  const parking = parked.park("one", one);
  await settled();
  expect(parked.take("one")).toBeNull();
  held.resolve(true);
  await parking;
  expect(rows).toEqual([parkMs]);
  expect(life.notAfterMs).toBe(parkMs);
  expect(parked.take("one")).toBe(one);
  one.give(responses);
  await settled();
  expect([told, lost]).toEqual([["result"], []]);
});

test("I4: a parked call ends no later than its row says, however long writing that took", async () => {
  const held = Promise.withResolvers<boolean>();
  const { clock, parked, lost, begin } = openParked({ prolong: () => held.promise });
  const { one, told } = begin();
  const parking = parked.park("one", one);
  clock.advance(parkMs - 1);
  held.resolve(true);
  await parking;
  expect(lost).toEqual([]);
  clock.advance(1);
  await settled();
  expect([lost, told]).toEqual([["deadline_exceeded"], ["deadline_exceeded"]]);
  expect(parked.take("one")).toBeNull();
});

test("I4: a call whose time passed while the clock was set is not taken up, and hears nothing", async () => {
  const { clock, parked, lost, begin } = openParked();
  const { one, told } = begin();
  await parked.park("one", one);
  // The sleep is not over, as after a host stood still.
  const { nowMs } = clock;
  Object.assign(clock, { nowMs: () => nowMs() + parkMs });
  expect(parked.take("one")).toBeNull();
  await settled();
  expect([lost, told]).toEqual([["deadline_exceeded"], ["deadline_exceeded"]]);
  expect(() => one.give(responses)).toThrow(expect.objectContaining({ code: "deadline_exceeded" }));
});

test("I4: what comes after the call's last moment is not given to its server", async () => {
  const { clock, begin } = openParked();
  const { one, told, life } = begin();
  clock.advance(ownMs);
  expect(() => one.give(responses)).toThrow(expect.objectContaining({ code: "deadline_exceeded" }));
  await expect(life.prolong(2 * ownMs)).rejects.toMatchObject({ code: "deadline_exceeded" });
  await settled();
  expect(told).toEqual([]);
});

test("I4: a call that was given up, or whose row cannot be written, is cancelled", async () => {
  const unavailable = new Fault("store_unavailable", "No store.");
  const ways: readonly [Prolong, string][] = [
    [async () => false, "parked_lost"],
    [() => Promise.reject(unavailable), "store_unavailable"],
  ];
  for (const [prolong, code] of ways) {
    const { parked, begin, rows } = openParked({ prolong });
    const { one, told } = begin();
    await expect(parked.park("one", one)).rejects.toMatchObject({ code });
    await settled();
    expect([one.signal.aborted, told, rows]).toEqual([true, [code], []]);
    expect(parked.take("one")).toBeNull();
  }
});

test("calls that are on their way to be parked count, and none is parked after the end", async () => {
  const held = Promise.withResolvers<boolean>();
  const { parked, begin, lost } = openParked({ prolong: () => held.promise, max: 1 });
  const [first, second] = [begin(), begin()];
  const parking = parked.park("one", first.one);
  await expect(parked.park("two", second.one)).rejects.toMatchObject({ code: "overloaded" });
  await parked.close();
  held.resolve(true);
  await expect(parking).rejects.toMatchObject({ code: "draining" });
  expect([first.one.signal.aborted, lost]).toEqual([true, []]);
});
