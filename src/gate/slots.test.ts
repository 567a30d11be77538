import { getEventListeners } from "node:events";
import fc from "fast-check";
import { expect, test } from "vitest";
import { scaled, seed } from "../../test/scale.ts";
import { Fault } from "../model/index.ts";
import { Slots } from "./slots.ts";

const full = { code: "upstream_busy", message: "As many as it takes." } as const;
const settle = () => new Promise(setImmediate);

/** Who came, in the order in which it was let in, refused or left the queue. */
function open(bounds: { concurrency: number; queue: number }) {
  const slots = new Slots(bounds, full);
  const log: string[] = [];
  const waiting = new Map<number, AbortController>();
  let inside = 0;
  return {
    slots,
    log,
    get inside() {
      return inside;
    },
    enter(name: number): void {
      const controller = new AbortController();
      waiting.set(name, controller);
      slots.enter(controller.signal).then(
        () => {
          inside += 1;
          log.push(`in ${name}`);
        },
        (error: unknown) => {
          const why = error instanceof Fault ? error.code : error;
          log.push(`${String(why)} ${name}`);
        },
      );
    },
    leave(): void {
      inside -= 1;
      slots.leave();
    },
    abort(name: number): void {
      waiting.get(name)!.abort("aborted");
    },
  };
}

type Step =
  | { readonly kind: "enter" }
  | { readonly kind: "leave" }
  | { readonly kind: "abort"; readonly at: number };
const stepArbitrary: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ kind: "enter" as const }) },
  { weight: 3, arbitrary: fc.constant({ kind: "leave" as const }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("abort" as const), at: fc.nat(20) }) },
);

test("never more than the bound, the queue never longer, first come first served", async () => {
  const bounds = fc.record({
    concurrency: fc.integer({ min: 1, max: 4 }),
    queue: fc.integer({ min: 0, max: 4 }),
  });
  await fc.assert(
    fc.asyncProperty(bounds, fc.array(stepArbitrary, { maxLength: 60 }), async (given, steps) => {
      const under = open(given);
      const queue: number[] = [];
      const expected: string[] = [];
      let [inside, names] = [0, 0];
      for (const step of steps) {
        if (step.kind === "enter") {
          names += 1;
          under.enter(names);
          if (inside < given.concurrency) expected.push(`in ${names}`);
          else if (queue.length < given.queue) queue.push(names);
          else expected.push(`upstream_busy ${names}`);
          inside = Math.min(given.concurrency, inside + 1);
        } else if (step.kind === "leave" && inside > 0) {
          under.leave();
          const next = queue.shift();
          if (next === undefined) inside -= 1;
          else expected.push(`in ${next}`);
        } else if (step.kind === "abort" && queue.length > 0) {
          const [gone] = queue.splice(step.at % queue.length, 1);
          under.abort(gone!);
          expected.push(`aborted ${gone}`);
        }
        await settle();
        expect(under.log).toEqual(expected);
        expect(under.slots.active).toBe(inside);
        expect(under.inside).toBe(inside);
      }
      while (under.inside > 0) {
        under.leave();
        await settle();
      }
      expect(under.slots.isIdle).toBe(true);
    }),
    { seed: seed(), numRuns: scaled({ test: 200, prove: 5_000 }) },
  );
});

test("a place that is given on is never free in between: nobody overtakes who waits", async () => {
  const slots = new Slots({ concurrency: 1, queue: 1 }, full);
  expect(slots.tryEnter()).toBe(true);
  const waiting = slots.enter(new AbortController().signal);
  slots.leave();
  expect(slots.tryEnter()).toBe(false);
  await waiting;
  slots.leave();
  expect(slots.tryEnter()).toBe(true);
});

test("whoever was let in is in, though its signal is aborted before it notices", async () => {
  const slots = new Slots({ concurrency: 1, queue: 1 }, full);
  slots.tryEnter();
  const controller = new AbortController();
  const waiting = slots.enter(controller.signal);
  slots.leave();
  controller.abort(new Error("too late"));
  await expect(waiting).resolves.toBeUndefined();
  expect(slots.active).toBe(1);
});

test("whoever is cancelled already does not take a place in the queue", async () => {
  const slots = new Slots({ concurrency: 1, queue: 1 }, full);
  slots.tryEnter();
  await expect(slots.enter(AbortSignal.abort(new Error("gone")))).rejects.toThrow("gone");
  const waiting = slots.enter(new AbortController().signal);
  slots.leave();
  await waiting;
});

test("nothing of a waiter stays with its signal, which may live as long as a session", async () => {
  const slots = new Slots({ concurrency: 1, queue: 2 }, full);
  const [served, aborted] = [new AbortController(), new AbortController()];
  slots.tryEnter();
  const first = slots.enter(served.signal);
  const second = slots.enter(aborted.signal);
  aborted.abort(new Error("gone"));
  await expect(second).rejects.toThrow("gone");
  slots.leave();
  await first;
  for (const { signal } of [served, aborted])
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
});

test("tenants take turns, however many of one wait", async () => {
  const slots = new Slots({ concurrency: 1, queue: 3 }, full);
  const log: string[] = [];
  const { signal } = new AbortController();
  await slots.enter(signal, "a");
  for (const tenant of ["a", "a", "a", "b", "a", "b"])
    slots.enter(signal, tenant).then(
      () => log.push(tenant),
      () => log.push(`${tenant} is refused`),
    );
  for (let each = 0; each < 6; each += 1) {
    await settle();
    slots.leave();
  }
  // The queue's bound is each tenant's own.
  expect(log).toEqual(["a is refused", "a", "b", "a", "b", "a"]);
  expect(slots.isIdle).toBe(true);
});
