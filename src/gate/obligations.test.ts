import fc from "fast-check";
import { expect, test } from "vitest";
import { ada, makeCall, makeRequest } from "../../test/made-up-call.ts";
import { scaled, seed } from "../../test/scale.ts";
import { toDigest, type Fault } from "../model/index.ts";
import { createManualClock } from "../ports/manual-clock.ts";
import { createRates, findUnmet, toRates, toRedactions, type Rate } from "./obligations.ts";

const rate = (calls: number, perMs: number, rule = "slow"): Rate => ({
  kind: "rate",
  calls,
  perMs,
  rule,
});
const of = (subject: string, target = "act") =>
  makeCall({ request: makeRequest({ principal: { ...ada, subject } }), target });

/** When it may come again, or null: it was let through. */
function waitOf(take: () => void): number | null {
  try {
    take();
    return null;
  } catch (error) {
    expect((error as Fault).code).toBe("caller_busy");
    return (error as Fault).details["retryAfterMs"] as number;
  }
}

test("in no stretch of the time are there more calls than the rule says, and waiting helps", () => {
  const step = fc.record({ afterMs: fc.nat(400), tries: fc.integer({ min: 1, max: 4 }) });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 1_000 }),
      fc.array(step, { maxLength: 40 }),
      (calls, perMs, given) => {
        const clock = createManualClock(0);
        const rates = createRates(clock);
        const take = () => waitOf(() => rates.take(of("ada"), [rate(calls, perMs)]));
        const taken: number[] = [];
        for (const { afterMs, tries } of given) {
          clock.advance(afterMs);
          for (let each = 0; each < tries; each += 1) {
            const waitMs = take();
            if (waitMs === null) taken.push(clock.monotonicMs());
            else expect(waitMs).toBeLessThanOrEqual(perMs * 1.01 + 2);
          }
        }
        for (const from of taken)
          expect(taken.filter((at) => at >= from && at < from + perMs).length).toBeLessThanOrEqual(
            calls,
          );
        let waitMs = take();
        for (; waitMs === null;) waitMs = take();
        clock.advance(waitMs);
        expect(take()).toBeNull();
      },
    ),
    { seed: seed(), numRuns: scaled({ test: 200, prove: 5_000 }) },
  );
});

test("rules, callers and tools are counted apart; of two rates a refused call takes neither", () => {
  const rates = createRates(createManualClock(0));
  const [one, other] = [rate(1, 60_000), rate(2, 60_000, "other")];
  expect(waitOf(() => rates.take(of("ada"), [one]))).toBeNull();
  expect(waitOf(() => rates.take(of("bob"), [one]))).toBeNull();
  expect(waitOf(() => rates.take(of("ada", "look"), [one]))).toBeNull();
  for (let each = 0; each < 3; each += 1)
    expect(waitOf(() => rates.take(of("ada"), [other, one]))).toBeGreaterThan(0);
  for (let each = 0; each < 2; each += 1)
    expect(waitOf(() => rates.take(of("ada"), [other]))).toBeNull();
  expect(waitOf(() => rates.take(of("ada"), [other]))).toBeGreaterThan(0);
});

test("all URIs of a server share one rate: a caller may think up as many as it likes", () => {
  const rates = createRates(createManualClock(0));
  const read = (target: string) => ({ ...of("ada", target), method: "resources/read" });
  expect(waitOf(() => rates.take(read("a://1"), [rate(1, 1_000)]))).toBeNull();
  expect(waitOf(() => rates.take(read("a://2"), [rate(1, 1_000)]))).toBeGreaterThan(0);
});

test("at the bound idle ones are forgotten, and one more at work is refused", () => {
  const clock = createManualClock(0);
  const rates = createRates(clock);
  for (let each = 0; each < 10_000; each += 1) rates.take(of(`s${each}`), [rate(1, 1_000)]);
  expect(() => rates.take(of("more"), [rate(1, 1_000)])).toThrow("Too many callers");
  clock.advance(1_100);
  rates.take(of("more"), [rate(1, 1_000)]);
});

test("I14: what the gate cannot carry out is found, whatever stands before it", () => {
  const policy = toDigest("policy");
  const redact = { kind: "redact", pointers: ["/a"] } as const;
  const sandbox = { kind: "sandbox", tier: "T2" } as const;
  const allow = { kind: "allow", policy, reasons: [] } as const;
  const unmet = {
    ...allow,
    obligations: [redact, rate(1, 1), sandbox],
    obligedBy: ["a", "b", "c"],
  };
  expect(findUnmet(unmet, of("ada"))).toEqual(sandbox);
  expect(toRedactions(unmet)).toEqual([{ ...redact, rule: "a" }]);
  expect(toRates(unmet)).toEqual([{ ...rate(1, 1), rule: "b" }]);
  expect(findUnmet({ ...allow, obligations: [redact] }, of("ada"))).toBeNull();
});
