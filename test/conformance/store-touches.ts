import { describe, expect, test } from "vitest";
import type { Touching } from "../../src/ports/touches.ts";
import type { StoreUnderTest } from "./store-under-test.ts";
import { newDigest, newRun, newTenant, startMs } from "./store-values.ts";

const callMs = 60_000;

/** Things that calls change: by whom now, and when last. */
export function describeTouches(under: () => StoreUnderTest): void {
  describe("touches", () => {
    const touching = (more: Partial<Touching> = {}): Touching => ({
      tenant: newTenant(),
      keys: [newDigest()],
      by: "call:one",
      hold: "one",
      run: null,
      untilMs: startMs + callMs,
      nowMs: startMs,
      ...more,
    });

    test("a thing is had by one call at a time, until it ends, and says when it was changed", async () => {
      const { touches } = under().store;
      const run = newRun();
      const one = touching({ run });
      const [key] = one.keys;
      expect(await touches.read(one.tenant, one.keys)).toEqual([]);
      expect(await touches.begin(one)).toBe("begun");
      const open = { by: "call:one", run, untilMs: startMs + callMs };
      const taken = { key, changed: null, open };
      const other = { ...one, by: "call:two", hold: "two", run: null };
      expect(await touches.begin(other)).toEqual(taken);
      expect(await touches.read(one.tenant, one.keys)).toEqual([taken]);
      // The same call, made again by another worker.
      const anew = { ...one, hold: "anew" };
      expect(await touches.begin(anew)).toBe("begun");
      // What the first one may have done counts, until its time is over.
      const left = { atMs: startMs + callMs, run };
      const again = { ...taken, changed: left };
      // What the first one lets go is not the second one's.
      await touches.end(one, null);
      await touches.prolong(one, startMs + 9 * callMs);
      expect(await touches.read(one.tenant, one.keys)).toEqual([again]);
      // Nothing of the second one was sent: that says nothing of the first one.
      await touches.end(anew, null);
      expect(await touches.read(one.tenant, one.keys)).toEqual([{ ...again, open: null }]);
      expect(await touches.begin(anew)).toBe("begun");
      await touches.end(anew, startMs + callMs + 5);
      const changed = { atMs: startMs + callMs + 5, run };
      expect(await touches.read(one.tenant, one.keys)).toEqual([{ key, changed, open: null }]);
      expect(await touches.begin(other)).toBe("begun");
      // It was certainly not changed: what is known of it stays.
      await touches.end(other, null);
      expect(await touches.read(one.tenant, one.keys)).toEqual([{ key, changed, open: null }]);
    });

    test("of another tenant the same thing is another", async () => {
      const { touches } = under().store;
      const one = touching();
      expect(await touches.begin(one)).toBe("begun");
      const foreign = { ...one, tenant: newTenant(), by: "call:two", hold: "two" };
      expect(await touches.read(foreign.tenant, one.keys)).toEqual([]);
      expect(await touches.begin(foreign)).toBe("begun");
    });

    test("of many that ask at once one has it, and those that are refused hold nothing", async () => {
      const { touches } = under().store;
      const { tenant, keys } = touching();
      const shared = keys[0]!;
      const asks = Array.from({ length: 12 }, (_, n) => {
        const own = newDigest();
        const wanted = n % 2 === 0 ? [own, shared] : [shared, own];
        return { own, ask: touching({ tenant, keys: wanted, by: `call:${n}`, hold: `${n}` }) };
      });
      const ends = await Promise.all(asks.map(({ ask }) => touches.begin(ask)));
      expect(ends.filter((end) => end === "begun")).toHaveLength(1);
      const refused = asks.filter((_, n) => ends[n] !== "begun").map(({ own }) => own);
      const free = touching({ tenant, keys: refused, by: "call:last", hold: "last" });
      expect(await touches.begin(free)).toBe("begun");
    });

    test("calls that take, keep and let go the same things, and a sweep of them, do not lock each other out", async () => {
      const { touches } = under().store;
      const keys = Array.from({ length: 64 }, () => newDigest());
      // Rows that lie in the order that nobody asks in.
      const lying = keys.toSorted().toReversed();
      const tenant = newTenant();
      for (let round = 0; round < 25; round += 1) {
        for (const from of [0, 16, 32, 48]) {
          const part = { keys: lying.slice(from, from + 16), tenant };
          for (const key of part.keys)
            await touches.end(touching({ ...part, keys: [key] }), startMs - 900 * callMs);
        }
        const one = touching({ keys: keys.toSorted().slice(0, 32), tenant, by: `call:${round}` });
        const other = { ...one, keys: lying.slice(0, 32), by: "call:other", hold: "other" };
        const ends = await Promise.all([
          touches.begin(one),
          touches.sweep(startMs - 800 * callMs, 1_000),
          touches.begin(other),
          touches.prolong(one, one.untilMs + 1),
        ]);
        expect([ends[0], ends[2]]).toEqual(["begun", "begun"]);
        await Promise.all([
          touches.end(one, null),
          touches.sweep(startMs - 800 * callMs, 1_000),
          touches.end(other, null),
        ]);
      }
    });

    test("what a call that never ended left behind counts as changed until its time was over", async () => {
      const { touches } = under().store;
      const run = newRun();
      const one = touching({ run });
      await touches.begin(one);
      await touches.prolong(one, one.untilMs + 100);
      await touches.prolong({ ...one, hold: "two" }, one.untilMs + 10_000);
      const later = {
        ...one,
        by: "call:two",
        hold: "two",
        run: null,
        untilMs: one.untilMs + 2 * callMs,
      };
      expect(await touches.begin({ ...later, nowMs: one.untilMs + 99 })).toMatchObject({
        open: { by: "call:one", untilMs: one.untilMs + 100 },
      });
      expect(await touches.begin({ ...later, nowMs: one.untilMs + 100 })).toBe("begun");
      const changed = { atMs: one.untilMs + 100, run };
      expect(await touches.read(one.tenant, one.keys)).toMatchObject([
        { changed, open: { by: "call:two", run: null } },
      ]);
      // It ends after all: that is noted, and takes nothing from the other one.
      await touches.end(one, one.untilMs + 300);
      expect(await touches.read(one.tenant, one.keys)).toMatchObject([
        { changed: { atMs: one.untilMs + 300, run }, open: { by: "call:two" } },
      ]);
      // A clock that is behind takes nothing back.
      await touches.end(later, one.untilMs + 200);
      expect(await touches.read(one.tenant, one.keys)).toMatchObject([
        { changed: { atMs: one.untilMs + 300, run }, open: null },
      ]);
    });

    test("old ones are swept, and a change that comes after that is noted all the same", async () => {
      const { touches } = under().store;
      const one = touching();
      const [key] = one.keys;
      await touches.begin(one);
      await touches.end(one, startMs + 5);
      await touches.sweep(startMs + 5, 1_000);
      expect(await touches.read(one.tenant, one.keys)).toHaveLength(1);
      while ((await touches.sweep(startMs + 6, 1)) > 0);
      expect(await touches.read(one.tenant, one.keys)).toEqual([]);
      await touches.end(one, startMs + 7);
      const changed = { atMs: startMs + 7, run: null };
      expect(await touches.read(one.tenant, one.keys)).toEqual([{ key, changed, open: null }]);
      // One that is open is not old.
      await touches.begin({ ...one, untilMs: startMs + 900 * callMs });
      while ((await touches.sweep(startMs + 800 * callMs, 10_000)) > 0);
      expect(await touches.read(one.tenant, one.keys)).toHaveLength(1);
    });
  });
}
