import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Fault, type FaultCode } from "../model/index.ts";
import { toCost, toLargestCost, unknownUsage } from "../model/model-usage.ts";
import { createManualClock } from "../ports/manual-clock.ts";
import type { ModelBackend, ModelEvent, ModelRequest } from "../ports/model-backend.ts";
import { createSeededRandom } from "../ports/seeded-random.ts";
import { createInMemoryTelemetry } from "../ports/in-memory-telemetry.ts";
import { seed } from "../../test/scale.ts";
import { createModelRouter, type Route } from "./model-router.ts";
import { chooseMember } from "./route-model.ts";

type Play = (emit: (event: ModelEvent) => void, signal: AbortSignal) => Promise<void> | void;

const usage = { ...unknownUsage, input: 1_000, cached: 400, output: 100 };
const prices = { input: 2_500_000, output: 10_000_000, cached: 250_000, written: null };
const answers: Play = (emit) => {
  emit({ kind: "text", text: "yes" });
  emit({ kind: "usage", usage });
  emit({ kind: "finished", stop: "ended" });
};
const fails =
  (code: FaultCode, details = {}): Play =>
  () => {
    throw new Fault(code, "No.", { details });
  };

const request: ModelRequest = {
  instructions: "",
  messages: [{ role: "user", text: "?" }],
  tools: [],
  parameters: { maxTokens: 1_000, temperature: null, stop: [] },
  stableMessages: null,
};

interface Given {
  readonly plays: Readonly<Record<string, Play>>;
  readonly route?: Route;
  readonly priceOf?: (name: string) => typeof prices | null;
  readonly bounds?: { readonly concurrency: number; readonly queue: number };
}

function open({ plays, route, priceOf = () => prices, bounds }: Given) {
  const clock = createManualClock(1_000_000);
  const asked: string[] = [];
  const current = { ...plays };
  const one = (name: string): ModelBackend => ({
    stream: async (_request, { model, onEvent, signal }) => {
      asked.push(model);
      await current[name]!(onEvent, signal);
    },
    look: async () => current[name]!(() => undefined, new AbortController().signal),
    close: async () => undefined,
  });
  const names = Object.keys(plays);
  const router = createModelRouter({
    backends: names.map((name) => ({
      name,
      kind: "openai",
      model: name,
      host: "127.0.0.1",
      prices: priceOf(name),
      marksPrefix: false,
      backend: one(name),
      ...(bounds ?? { concurrency: 8, queue: 8 }),
    })),
    routes: { main: route ?? names.map((backend) => [{ backend, weight: 1, model: null }]) },
    clock,
    random: createSeededRandom(seed()),
    telemetry: createInMemoryTelemetry(),
  });
  const events: ModelEvent[] = [];
  const cancel = new AbortController();
  const attempts: string[] = [];
  const failures: string[] = [];
  const ask = (
    given: { alias?: string; priced?: boolean; withinMs?: number; waitMs?: number } = {},
  ) =>
    router.stream(
      {
        alias: given.alias ?? "main",
        priced: given.priced ?? false,
        signal: cancel.signal,
        deadlineMs: clock.nowMs() + (given.withinMs ?? 60_000),
        ...(given.waitMs === undefined ? {} : { waitMs: given.waitMs }),
        onAttempt: ({ backend, model }) => void attempts.push(`${backend} ${model}`),
        onFailed: ({ code }) => void failures.push(code),
        onEvent: (event) => events.push(event),
      },
      request,
    );
  return { router, ask, asked, attempts, failures, events, clock, current, cancel };
}

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

test("an answer says which backend gave it, what it used and what that costs", async () => {
  const { ask, router } = open({ plays: { a: answers } });
  const routed = await ask();
  // 600 × 2.50 + 400 × 0.25 + 100 × 10 for a million: 0.0026 of the currency.
  expect(routed).toMatchObject({ backend: "a", attempts: 1, usage, cost: 2_600, stop: "ended" });
  expect(routed.prices).toBe(router.prices.digest);
  expect(router.describe()[0]).toMatchObject({ firstTokenMs: 0, priced: true, active: 0 });
});

test("nobody stands in a line for longer than it may wait, and each failure is told", async () => {
  const never: Play = () => new Promise<void>(() => undefined);
  const bounds = { concurrency: 1, queue: 8 };
  const { ask, asked, clock, failures } = open({ plays: { a: never }, bounds });
  void ask();
  // How long an answer takes is not known yet, so it is not known that this is too long.
  const refused = ask({ waitMs: 4_000 }).catch((error: unknown) => error);
  await settle();
  clock.advance(4_000);
  expect(await refused).toMatchObject({
    code: "model_busy",
    details: { retryAfterMs: expect.any(Number) as number },
  });
  expect(asked).toEqual(["a"]);
  expect(failures).toEqual(["model_busy"]);
});

test("before the first token the next group is asked, after it nobody", async () => {
  const codes: readonly FaultCode[] = ["model_unavailable", "model_broken", "credential_rejected"];
  for (const code of codes) {
    const { ask, asked } = open({ plays: { a: fails(code), b: answers } });
    expect(await ask()).toMatchObject({ backend: "b", attempts: 2 });
    expect(asked).toEqual(["a", "b"]);
  }
  const half: Play = (emit) => {
    emit({ kind: "text", text: "half" });
    throw new Fault("model_broken", "Cut.");
  };
  const begun = open({ plays: { a: half, b: answers } });
  await expect(begun.ask()).rejects.toMatchObject({ code: "model_broken" });
  expect([begun.asked, begun.events.length]).toEqual([["a"], 1]);
});

test("what the request brings with it is not tried elsewhere, nor is a bug", async () => {
  const refused = open({ plays: { a: fails("model_refused"), b: answers } });
  await expect(refused.ask()).rejects.toMatchObject({ code: "model_refused" });
  const bug = new Error("a bug");
  const broken = open({ plays: { a: () => Promise.reject(bug), b: answers } });
  await expect(broken.ask()).rejects.toBe(bug);
  expect([refused.asked, broken.asked]).toEqual([["a"], ["a"]]);
  expect(refused.router.describe()[0]).toMatchObject({ breaker: "closed" });
});

test("three faults open the breaker, a probe after 30 s closes it", async () => {
  const { ask, asked, clock, current, router } = open({
    plays: { a: fails("model_unavailable"), b: answers },
  });
  for (let count = 0; count < 5; count += 1) await ask();
  expect(asked.filter((name) => name === "a")).toHaveLength(3);
  expect(router.describe()[0]).toMatchObject({ breaker: "open", lastFault: "model_unavailable" });
  current["a"] = answers;
  clock.advance(30_000);
  expect(await ask()).toMatchObject({ backend: "a" });
  expect(router.describe()[0]).toMatchObject({ breaker: "closed", lastFault: null });
});

test("who stood in the line of a backend that is found unwell goes elsewhere", async () => {
  const ends: (() => void)[] = [];
  const hangs: Play = () =>
    new Promise((_, reject) =>
      ends.push(() => reject(new Fault("model_unavailable", "It hangs."))),
    );
  const { ask, asked } = open({
    plays: { a: hangs, b: answers },
    bounds: { concurrency: 3, queue: 8 },
    route: [[{ backend: "a", weight: 1, model: null }], [{ backend: "b", weight: 1, model: null }]],
  });
  const all = Array.from({ length: 8 }, () => ask());
  await settle();
  expect(asked).toEqual(["a", "a", "a"]);
  for (const end of ends) end();
  const routed = await Promise.all(all);
  expect(routed.map(({ backend }) => backend)).toEqual(Array<string>(8).fill("b"));
  // Three found out; nobody after them was sent there.
  expect(asked.filter((name) => name === "a")).toHaveLength(3);
});

test("a retry budget keeps attempts in proportion to requests", async () => {
  const route = [["a", "b", "c", "d"].map((backend) => ({ backend, weight: 1, model: null }))];
  const down = fails("model_busy", { retryAfterMs: 0 });
  const { ask, asked } = open({ plays: { a: down, b: down, c: down, d: down }, route });
  for (let count = 0; count < 100; count += 1) {
    await expect(ask()).rejects.toMatchObject({ code: "model_busy" });
  }
  // A hundred first attempts, ten of the beginning and one for each five requests.
  expect(asked.length).toBeLessThanOrEqual(130);
});

test("429 rests a backend: others are asked, and it again in its time or not at all", async () => {
  const busy = fails("model_busy", { retryAfterMs: 5_000 });
  const spread = open({ plays: { a: busy, b: answers } });
  expect(await spread.ask()).toMatchObject({ backend: "b" });
  expect(await spread.ask()).toMatchObject({ backend: "b", attempts: 1 });
  expect(spread.router.describe()[0]).toMatchObject({ breaker: "closed" });

  const alone = open({ plays: { a: busy } });
  await expect(alone.ask({ withinMs: 4_000 })).rejects.toMatchObject({
    code: "model_busy",
    details: { retryAfterMs: 5_000 },
  });
  alone.current["a"] = answers;
  const waiting = alone.ask({ withinMs: 6_000 });
  await settle();
  expect([alone.asked.length, alone.router.describe()[0]?.waiting]).toEqual([1, 1]);
  alone.clock.advance(5_000);
  expect(await waiting).toMatchObject({ backend: "a" });
});

test("whoever waits for less than its deadline is refused at once, and hears of each attempt", async () => {
  const busy = fails("model_busy", { retryAfterMs: 5_000 });
  const alone = open({ plays: { a: busy } });
  const refused = { code: "model_busy", details: { retryAfterMs: 5_000 } };
  await expect(alone.ask({ withinMs: 60_000, waitMs: 4_000 })).rejects.toMatchObject(refused);
  const two = open({ plays: { a: fails("model_unavailable"), b: answers } });
  await two.ask();
  expect(two.attempts).toEqual(["a a", "b b"]);
});

test("a queue has a bound, keeps its order, and refuses who would come too late", async () => {
  const begun: (() => void)[] = [];
  const slow: Play = async (emit) => {
    await new Promise<void>((resolve) => begun.push(resolve));
    await answers(emit, new AbortController().signal);
  };
  const { ask, clock, router } = open({ plays: { a: slow }, bounds: { concurrency: 1, queue: 1 } });
  const first = ask();
  await settle();
  const second = ask();
  await settle();
  await expect(ask()).rejects.toMatchObject({ code: "model_busy" });
  clock.advance(10_000);
  begun.shift()!();
  await first;
  await settle();
  // An answer takes 10 s, and one is under way.
  await expect(ask({ withinMs: 5_000 })).rejects.toMatchObject({ code: "model_busy" });
  const late = ask({ withinMs: 11_000 });
  late.catch(() => undefined);
  await settle();
  clock.advance(11_000);
  await expect(late).rejects.toMatchObject({ code: "deadline_exceeded" });
  begun.shift()!();
  await second;
  expect(router.describe()[0]).toMatchObject({ active: 0, waiting: 0 });
});

test("whoever cancels frees the place, and says nothing about the backend", async () => {
  const hangs: Play = (_emit, signal) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason as Error));
    });
  const { ask, cancel, router } = open({ plays: { a: hangs } });
  const asking = ask();
  await settle();
  cancel.abort(new Error("gone"));
  await expect(asking).rejects.toThrow("gone");
  expect(router.describe()[0]).toMatchObject({ active: 0, breaker: "closed", lastFault: null });
});

describe("money", () => {
  test("where a budget in money holds, a backend without a price does not answer", async () => {
    const mixed = open({
      plays: { a: answers, b: answers },
      priceOf: (name) => (name === "b" ? prices : null),
    });
    expect(await mixed.ask({ priced: true })).toMatchObject({ backend: "b" });
    expect(await mixed.ask()).toMatchObject({ backend: "a", cost: null });
    const none = open({ plays: { a: answers }, priceOf: () => null });
    await expect(none.ask({ priced: true })).rejects.toMatchObject({ code: "price_unknown" });
    expect(none.router.toLargestCost("main", request)).toBeNull();
    expect(none.asked).toEqual([]);
  });

  test("what was not counted has no cost; the largest cost is never below the cost", () => {
    expect(toCost(prices, { ...usage, output: null })).toBeNull();
    expect(toCost(prices, { ...usage, written: 5 })).toBeNull();
    expect(toCost(prices, { ...usage, cached: 2_000 })).toBeNull();
    const count = fc.nat(10_000_000);
    fc.assert(
      fc.property(count, count, count, fc.nat(1_000_000_000), (plain, cached, output, price) => {
        const of = {
          input: price,
          output: price * 4,
          cached: Math.floor(price / 10),
          written: null,
        };
        const input = plain + cached;
        const cost = toCost(of, { ...unknownUsage, input, cached, output });
        const most = { inputTokens: input, outputTokens: output, marksPrefix: false };
        expect(cost).not.toBeNull();
        expect(cost!).toBeLessThanOrEqual(toLargestCost(of, most)!);
      }),
      { seed: seed() },
    );
  });

  test("a changed price is another price table", () => {
    const one = open({ plays: { a: answers } }).router.prices.digest;
    const other = open({ plays: { a: answers }, priceOf: () => ({ ...prices, output: 1 }) });
    expect(other.router.prices.digest).not.toBe(one);
  });
});

test("weights are kept, LoRA names are asked for, unknown aliases are told apart", async () => {
  const route = [
    [
      { backend: "a", weight: 3, model: "adapter-7" },
      { backend: "b", weight: 1, model: null },
    ],
  ];
  const { ask, asked } = open({ plays: { a: answers, b: answers }, route });
  for (let count = 0; count < 400; count += 1) await ask();
  const share = asked.filter((name) => name === "adapter-7").length / 400;
  expect(share).toBeGreaterThan(0.65);
  expect(share).toBeLessThan(0.85);
  await expect(ask({ alias: "mian" })).rejects.toThrow("did you mean main?");
});

test("a choice is one of those that may be asked, and none only where nobody is left", () => {
  const member = fc.record({
    weight: fc.integer({ min: 1, max: 100 }),
    isOut: fc.boolean(),
    isResting: fc.boolean(),
    waitMs: fc.option(fc.nat(1_000)),
    hasRoom: fc.boolean(),
  });
  const groups = fc.array(fc.array(member, { maxLength: 4 }), { maxLength: 4 });
  fc.assert(
    fc.property(
      groups,
      fc.nat(1_000),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (all, remainingMs, fraction) => {
        const choice = chooseMember(all, { remainingMs, fraction });
        const left = all.flat().filter(({ isOut }) => !isOut);
        if (choice.kind === "none") {
          expect(left).toEqual([]);
        } else if (choice.kind === "busy") {
          expect(left.some(({ waitMs }) => waitMs === null)).toBe(false);
        } else {
          expect(left).toContain(choice.member);
          expect(choice.member.waitMs ?? -1).toBeLessThan(Math.max(remainingMs, 0.5));
        }
      },
    ),
    { seed: seed() },
  );
});

test("a place is never given to one who is gone", async () => {
  const hangs: Play = (_emit, signal) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason as Error));
    });
  const { ask, cancel, router } = open({
    plays: { a: hangs },
    bounds: { concurrency: 1, queue: 4 },
  });
  const asking = [ask(), ask(), ask()].map((each) => each.catch((error: unknown) => error));
  await settle();
  expect(router.describe()[0]).toMatchObject({ active: 1, waiting: 2 });
  cancel.abort(new Error("gone"));
  expect(await Promise.all(asking)).toHaveLength(3);
  expect(router.describe()[0]).toMatchObject({ active: 0, waiting: 0 });
  await router.close();
});
