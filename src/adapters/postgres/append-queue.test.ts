import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { seed } from "../../../test/scale.ts";
import type { RunId } from "../../model/index.ts";
import { AppendQueue, type Waiting } from "./append-queue.ts";

const wide = { units: 1_000, bytes: 1_000_000 };

function toWaiting(run: string | null, changes: Partial<Waiting> = {}): Waiting {
  return {
    append:
      run === null
        ? undefined
        : { run: run as RunId, epoch: 0, head: 0, events: [new Uint8Array()] },
    entries: [],
    token: 0n,
    bytes: 10,
    deadlineMs: 100,
    uncertain: false,
    settle() {},
    fail() {},
    ...changes,
  };
}

describe("append queue", () => {
  test("a run has one append in a batch and none in another until that is over", () => {
    const queue = new AppendQueue(wide);
    const [a1, a2, b1, alone] = [toWaiting("a"), toWaiting("a"), toWaiting("b"), toWaiting(null)];
    for (const waiting of [a1, a2, b1, alone]) queue.add(waiting);
    const first = queue.take(wide);
    expect(first).toEqual([a1, b1, alone]);
    expect(queue.take(wide)).toEqual([]);
    queue.release(first);
    expect(queue.take(wide)).toEqual([a2]);
  });

  test("a batch ends at its units and bytes, and a large unit goes alone", () => {
    const queue = new AppendQueue(wide);
    const units = [10, 10, 500, 10].map((bytes, n) => toWaiting(`r${n}`, { bytes }));
    for (const unit of units) queue.add(unit);
    expect(queue.take({ units: 1, bytes: 100 })).toEqual([units[0]]);
    expect(queue.take({ units: 9, bytes: 100 })).toEqual([units[1]]);
    expect(queue.take({ units: 9, bytes: 100 })).toEqual([units[2]]);
    expect(queue.take({ units: 9, bytes: 100 })).toEqual([units[3]]);
  });

  test("I13: refuses beyond its bounds, in units and in bytes, and takes more once emptied", () => {
    const byUnits = new AppendQueue({ units: 2, bytes: 1_000 });
    byUnits.add(toWaiting("a"));
    byUnits.add(toWaiting("a"));
    expect(() => byUnits.add(toWaiting("b"))).toThrow(
      expect.objectContaining({ code: "store_busy" }),
    );
    byUnits.take(wide);
    byUnits.add(toWaiting("b"));
    const byBytes = new AppendQueue({ units: 9, bytes: 15 });
    byBytes.add(toWaiting("a", { bytes: 400 }));
    expect(() => byBytes.add(toWaiting("b"))).toThrow(
      expect.objectContaining({ code: "store_busy" }),
    );
  });

  test("what is late leaves, and what waited behind it in time is ready", () => {
    const queue = new AppendQueue(wide);
    const late = [toWaiting("a"), toWaiting("a"), toWaiting(null)];
    const inTime = toWaiting("a", { deadlineMs: 200 });
    for (const waiting of [...late, inTime]) queue.add(waiting);
    expect(new Set(queue.expire(100))).toEqual(new Set(late));
    expect(queue.size).toBe(1);
    expect(queue.take(wide)).toEqual([inTime]);
    expect(queue.size).toBe(0);
  });

  test("whatever the order of batches, each unit comes out once, a run's in order", () => {
    const runs = fc.array(fc.constantFrom("a", "b", "c", null), { maxLength: 60 });
    const sizes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1 });
    fc.assert(
      fc.property(runs, sizes, (adds, takes) => {
        const queue = new AppendQueue(wide);
        const added = adds.map((run, n) => toWaiting(run, { token: BigInt(n) }));
        for (const waiting of added) queue.add(waiting);
        const out: Waiting[] = [];
        const flying: (readonly Waiting[])[] = [];
        for (let n = 0; out.length < added.length; n += 1) {
          const batch = queue.take({ units: takes[n % takes.length]!, bytes: 1_000 });
          out.push(...batch);
          flying.push(batch);
          const busy = flying.flatMap((each) => each.map((waiting) => waiting.append?.run));
          const named = busy.filter((run) => run !== undefined);
          expect(new Set(named).size).toBe(named.length);
          if (batch.length === 0 || flying.length > 1) queue.release(flying.shift()!);
        }
        for (const run of ["a", "b", "c"]) {
          const tokens = out.filter((each) => each.append?.run === run).map((each) => each.token);
          expect(tokens).toEqual(tokens.toSorted((a, b) => Number(a - b)));
        }
        expect(new Set(out).size).toBe(added.length);
      }),
      { seed: seed() },
    );
  });
});
