import fc from "fast-check";
import { expect, test } from "vitest";
import { scaled, seed } from "../../test/scale.ts";
import type { Random } from "../ports/random.ts";
import { createSeededRandom } from "../ports/seeded-random.ts";
import { chooseEndpoint, noteFault, noteSuccess, type EndpointLoad } from "./choose-endpoint.ts";

const nowMs = 1_000_000;
const runs = { seed: seed(), numRuns: scaled({ test: 500, prove: 20_000 }) };

const load = (endpoint: string, more: Partial<EndpointLoad> = {}): EndpointLoad => ({
  endpoint,
  outstanding: 0,
  faults: 0,
  ejectedUntilMs: 0,
  ...more,
});

const loadsArbitrary = fc
  .array(
    fc.record({ outstanding: fc.nat(20), ejectedUntilMs: fc.constantFrom(0, nowMs, nowMs + 1) }),
    { minLength: 1, maxLength: 8 },
  )
  .map((given) => given.map((each, index) => load(`e${index}`, each)));

/** Loads, and those of them that fit the pin of the tool. */
const choiceArbitrary = loadsArbitrary.chain((loads) => {
  const names = loads.map(({ endpoint }) => endpoint);
  const wanted = fc.option(fc.subarray(names, { minLength: 1 }));
  return fc.record({ loads: fc.constant(loads), wanted, drawn: fc.maxSafeNat() });
});

const none: ReadonlySet<string> = new Set();

test("what is left out is not chosen while another is there, nor what does not fit the pin", () => {
  fc.assert(
    fc.property(choiceArbitrary, ({ loads, wanted, drawn }) => {
      const chosen = chooseEndpoint(loads, {
        wanted,
        tried: none,
        nowMs,
        random: createSeededRandom(drawn),
      });
      const own = loads.filter(({ endpoint }) => wanted?.includes(endpoint) ?? true);
      expect(own).toContain(chosen);
      if (own.some(({ ejectedUntilMs }) => ejectedUntilMs <= nowMs))
        expect(chosen.ejectedUntilMs).toBeLessThanOrEqual(nowMs);
    }),
    runs,
  );
});

test("a draw at the very end of its range chooses one all the same", () => {
  const almostOne: Random = { bytes: () => new Uint8Array(), fraction: () => 1 - 2 ** -53 };
  fc.assert(
    fc.property(loadsArbitrary, (loads) => {
      const chosen = chooseEndpoint(loads, { wanted: null, tried: none, nowMs, random: almostOne });
      expect(loads).toContain(chosen);
    }),
    runs,
  );
});

/** Calls that are sent and never end: where they pile up shows how they are spread. */
function spread(loads: readonly EndpointLoad[], calls: number): readonly number[] {
  const random = createSeededRandom(seed());
  for (let index = 0; index < calls; index += 1)
    chooseEndpoint(loads, { wanted: null, tried: none, nowMs, random }).outstanding += 1;
  return loads.map(({ outstanding }) => outstanding);
}

test("calls are spread over all copies, evenly, though two are looked at each time", () => {
  const counts = spread(
    Array.from({ length: 8 }, (_, index) => load(`e${index}`)),
    8_000,
  );
  // One at random each time would leave them about ninety apart.
  expect(Math.max(...counts) - Math.min(...counts)).toBeLessThan(15);
});

test("a copy that is busier than the others gets next to nothing until they have caught up", () => {
  const loads = [load("busy", { outstanding: 1_000 }), load("a"), load("b")];
  const [busy] = spread(loads, 900);
  // Chosen when both draws fall on it: one time in nine.
  expect(busy! - 1_000).toBeLessThan(200);
});

test("three faults in a row leave it out, each further one for twice as long, two minutes at most", () => {
  const one = load("e0");
  const waits = Array.from({ length: 1_100 }, (_, index) => {
    noteFault(one, nowMs + index);
    return one.ejectedUntilMs === 0 ? 0 : one.ejectedUntilMs - nowMs - index;
  });
  expect(waits.slice(0, 9)).toEqual([
    0, 0, 5_000, 10_000, 20_000, 40_000, 80_000, 120_000, 120_000,
  ]);
  expect(waits.at(-1)).toBe(120_000);
});

test("one success forgets the faults before it, and lets it in at once", () => {
  const one = load("e0");
  for (let index = 0; index < 5; index += 1) noteFault(one, nowMs);
  noteSuccess(one);
  const other = load("e1", { outstanding: 100 });
  const random = createSeededRandom(1);
  const chosen = Array.from({ length: 50 }, () =>
    chooseEndpoint([one, other], { wanted: null, tried: none, nowMs, random }),
  );
  expect(chosen).toContain(one);
  noteFault(one, nowMs);
  noteFault(one, nowMs);
  expect(one.ejectedUntilMs).toBeLessThanOrEqual(nowMs);
});

test("where a call has failed already comes last", () => {
  const random = createSeededRandom(seed());
  const loads = ["a", "b", "c"].map((endpoint) => ({
    endpoint,
    outstanding: endpoint === "a" ? 0 : 9,
    faults: 0,
    ejectedUntilMs: 0,
  }));
  for (let times = 0; times < 50; times += 1) {
    const tried = new Set(["a"]);
    expect(chooseEndpoint(loads, { wanted: null, tried, nowMs, random }).endpoint).not.toBe("a");
  }
  const all = new Set(["a", "b", "c"]);
  expect(chooseEndpoint(loads, { wanted: ["a"], tried: all, nowMs, random }).endpoint).toBe("a");
});
