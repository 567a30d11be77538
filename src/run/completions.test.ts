import { expect, test } from "vitest";
import { createBudgets } from "../authority/budgets.ts";
import { createLeases } from "../authority/leases.ts";
import { configSchema } from "../model/config.ts";
import { Fault, fromEntryBytes, toDigest, type Principal, type TenantId } from "../model/index.ts";
import { unknownUsage } from "../model/model-usage.ts";
import type { Budgets, Spending } from "../ports/budgets.ts";
import { createInMemorySpendings } from "../ports/in-memory-spendings.ts";
import { createInMemoryStore } from "../ports/in-memory-store.ts";
import { emptyLeakScan, type LeakScan } from "../ports/leak-scan.ts";
import { createManualClock } from "../ports/manual-clock.ts";
import type { ModelEvent, ModelRequest } from "../ports/model-backend.ts";
import { createSeededRandom } from "../ports/seeded-random.ts";
import type { Completing } from "./completing.ts";
import { createCompletions, type CompletionsOptions } from "./completions.ts";
import type { RouteAsk, Routed } from "./model-router.ts";

const tenant = "default" as TenantId;
const actor = { agent: "travel", bundle: toDigest("bundle") };
const principal: Principal = { tenant, kind: "user", subject: "ada", actor };
const request: ModelRequest = {
  instructions: "",
  messages: [{ role: "user", text: "the text that was asked" }],
  tools: [],
  parameters: { maxTokens: 10, temperature: null, stop: [] },
  stableMessages: null,
};
const usage = { ...unknownUsage, input: 10, output: 2 };
const answered: Routed = {
  backend: "b",
  model: "m",
  attempts: 1,
  stop: "ended",
  usage,
  cost: 40,
  prices: toDigest("prices"),
  firstTokenMs: 1,
  tokensPerSecond: null,
};
const say = (text: string): ModelEvent => ({ kind: "text", text });

type Play = (ask: RouteAsk) => Promise<Routed> | Routed;

/** A router that plays, a budget that notes what becomes of what it holds, and a freeze by hand. */
function open(play: Play, more: Partial<CompletionsOptions> = {}) {
  const store = createInMemoryStore();
  const clock = createManualClock(1_700_000_000_000);
  const noted: string[] = [];
  const logged: unknown[] = [];
  const asked: RouteAsk[] = [];
  let frozen = false;
  const budgets: Budgets = {
    reserve: ({ priceMicros, model }: Spending) => {
      noted.push(`held ${priceMicros} for ${model}`);
      return {
        isMoney: true,
        giveBack: () => void noted.push("given back"),
        settle: (micros) => void noted.push(`settled ${micros}`),
      };
    },
  };
  const completions = createCompletions({
    router: {
      toLargestCost: () => 100,
      stream: async (ask) => {
        asked.push(ask);
        ask.onAttempt?.({ backend: "b", model: "m" });
        return play(ask);
      },
    },
    store,
    hashes: { hash: (...given) => toDigest(JSON.stringify(given)) },
    budgets,
    freezes: {
      check: ({ principal: { actor: by } }) => {
        if (frozen && by?.agent === "travel") throw new Fault("frozen", "It is frozen.");
      },
    },
    findSecret: () => null,
    scan: emptyLeakScan,
    waitMs: 1_000,
    clock,
    random: createSeededRandom(1),
    telemetry: {
      count: (name, labels) => void noted.push(`${name} ${Object.values(labels ?? {}).join(" ")}`),
      observe: () => undefined,
      gauge: () => undefined,
      log: (...line) => void logged.push(line),
    },
    ...more,
  });
  const leaving = new AbortController();
  const heard: ModelEvent[] = [];
  const complete = (given: Partial<Completing> = {}) =>
    completions.complete({
      id: "r",
      principal,
      alias: "small",
      request,
      sent: { text: "{}", value: {} },
      trace: null,
      signal: leaving.signal,
      onAttempt: () => undefined,
      onEvent: (event) => void heard.push(event),
      ...given,
    });
  const entries = async () =>
    (await store.entries.page(tenant, { after: 0n, limit: 10 })).map(({ bytes }) =>
      fromEntryBytes(bytes),
    );
  const freeze = () => void (frozen = true);
  const { costs } = store;
  return { complete, entries, costs, noted, logged, asked, heard, leaving, freeze, clock };
}

test("I8: it is held for, asked within the price, settled by what it cost and on record", async () => {
  const scene = open((ask) => {
    for (const each of ["Os", "lo"]) ask.onEvent(say(each));
    return answered;
  });
  const completed = await scene.complete({ trace: "4bf92f3577b34da6a3ce929d0e0e4736" });
  expect([completed.text, completed.calls]).toEqual(["Oslo", []]);
  expect(scene.asked[0]).toMatchObject({ alias: "small", priced: true });
  expect(scene.noted).toEqual(["held 100 for small", "settled 40", "completions answered"]);
  expect(await scene.entries()).toMatchObject([
    {
      kind: "completion",
      model: "small",
      backend: "b",
      agent: "travel",
      outcome: "answered",
      reason: null,
      usage,
      cost: { micros: 40, prices: toDigest("prices") },
      trace: "4bf92f3577b34da6a3ce929d0e0e4736",
    },
  ]);
  expect(JSON.stringify(scene.logged)).toContain('"subject":"ada"');
  // Erased or not, of nobody can be seen which of these are theirs without asking each of them.
  await scene.complete();
  const [one, other] = (await scene.entries()).flatMap((each) =>
    each.kind === "completion" ? [each] : [],
  );
  for (const field of ["by", "request", "answer"] as const)
    expect([field, one![field]]).not.toEqual([field, other![field]]);
  expect(JSON.stringify(scene.logged)).not.toMatch(/Oslo|that was asked/);
});

test("I8: what nobody counted cost what was held", async () => {
  const scene = open(() => ({ ...answered, usage: unknownUsage, cost: null }));
  await scene.complete();
  expect(scene.noted).toEqual(["held 100 for small", "completions answered"]);
  expect(await scene.entries()).toMatchObject([{ cost: null, usage: unknownUsage }]);
});

test.each(["model_busy", "model_unavailable", "model_refused", "credential_rejected"] as const)(
  "what no backend took is given back: %s",
  async (code) => {
    const scene = open(() => Promise.reject(new Fault(code, "No.")));
    await expect(scene.complete()).rejects.toMatchObject({ code });
    expect(scene.noted).toEqual(["held 100 for small", "given back", "completions failed"]);
    expect(await scene.entries()).toMatchObject([
      { outcome: "failed", reason: code, answer: null },
    ]);
  },
);

test("of what had begun nobody knows what is owed, whatever it was called", async () => {
  const scene = open((ask) => {
    ask.onEvent(say("Os"));
    throw new Fault("model_busy", "Later.");
  });
  await expect(scene.complete()).rejects.toMatchObject({ code: "model_busy" });
  expect(scene.noted).toEqual(["held 100 for small", "completions failed"]);
});

test("I8: what one backend may have begun is used up, whatever became of it at the next one", async () => {
  const lost = (code: "model_broken" | "model_unavailable", details = {}) => {
    return new Fault(code, "Gone.", { details });
  };
  for (const [first, isOwed] of [
    [lost("model_broken"), true],
    [lost("model_unavailable", { isOwed: true }), true],
    [lost("model_unavailable"), false],
  ] as const) {
    const answering = open((ask) => (ask.onFailed?.(first), answered));
    await answering.complete();
    expect(answering.noted.includes("settled 40")).toBe(!isOwed);
    const failing = open((ask) => {
      ask.onFailed?.(first);
      throw new Fault("model_busy", "Later.");
    });
    await expect(failing.complete()).rejects.toMatchObject({ details: { isOwed } });
    expect(failing.noted.includes("given back")).toBe(!isOwed);
    const alone = open(() => Promise.reject(first));
    await expect(alone.complete()).rejects.toMatchObject({ details: { isOwed } });
  }
});

test("a freeze stops it also while a backend says nothing, or is waited for", async () => {
  const scene = open(
    (ask) =>
      new Promise((_, reject) => {
        ask.signal.addEventListener("abort", () => reject(ask.signal.reason as Error));
      }),
  );
  const asking = scene.complete();
  const refused = asking.catch((error: unknown) => error);
  await new Promise<void>((resolve) => setImmediate(resolve));
  scene.freeze();
  scene.clock.advance(1_000);
  expect(await refused).toMatchObject({ code: "frozen" });
  expect(scene.asked[0]?.signal.aborted).toBe(true);
  expect(scene.clock.sleeping).toBe(0);
  expect(await scene.entries()).toMatchObject([{ outcome: "cut", reason: "frozen" }]);
});

test("whoever leaves ends it, keeps what was held used up, and is on record", async () => {
  const scene = open(
    (ask) =>
      new Promise((_, reject) => {
        ask.onEvent(say("Os"));
        ask.signal.addEventListener("abort", () => reject(ask.signal.reason as Error));
      }),
  );
  const asking = scene.complete();
  await Promise.resolve();
  scene.leaving.abort(new Fault("request_invalid", "The client is gone."));
  await expect(asking).rejects.toThrow("The client is gone.");
  expect(scene.asked[0]?.signal.aborted).toBe(true);
  expect(scene.noted).toEqual(["held 100 for small", "completions cut"]);
  expect(await scene.entries()).toMatchObject([{ outcome: "cut", reason: "client_gone" }]);
});

test("a freeze in the middle stops it at the next piece, and nothing more is handed over", async () => {
  const scene = open((ask) => {
    ask.onEvent(say("before"));
    scene.freeze();
    ask.onEvent(say("after"));
    ask.onEvent(say("later"));
    ask.signal.throwIfAborted();
    return answered;
  });
  await expect(scene.complete()).rejects.toMatchObject({ code: "frozen" });
  expect(scene.heard).toEqual([say("before")]);
  expect(await scene.entries()).toMatchObject([{ outcome: "cut", reason: "frozen" }]);
});

test("I9: frozen, or with a secret in it, it is refused before a backend or a budget hears of it", async () => {
  const frozen = open(() => answered);
  frozen.freeze();
  await expect(frozen.complete()).rejects.toMatchObject({ code: "frozen" });
  const secret = { secret: "env://KEY", spelling: "plain", pointer: "/messages/0/content" };
  const leaking = open(() => answered, { findSecret: () => secret });
  await expect(leaking.complete()).rejects.toMatchObject({
    code: "secret_sent",
    details: { param: "messages.0.content" },
  });
  expect(leaking.noted).toEqual(["gate_leaks model", "completions refused"]);
  for (const scene of [frozen, leaking]) {
    expect(scene.asked).toEqual([]);
    expect(await scene.entries()).toEqual([]);
  }
});

test("who asked has a name that no key can hold, or it counts too many: it is given, and kept", async () => {
  const most = { ...unknownUsage, input: Number.MAX_SAFE_INTEGER, output: 2 };
  const scene = open(() => ({ ...answered, usage: most }));
  await scene.complete({ principal: { ...principal, subject: "名".repeat(200) } });
  const read = await scene.costs.read(tenant, { fromDay: 0, toDay: 99_999, mostRows: 9 });
  const spent = { micros: 40, tokens: Number.MAX_SAFE_INTEGER };
  expect([read.agents, read.subjects]).toEqual([
    [{ name: "travel", ...spent }],
    [{ name: null, ...spent }],
  ]);
});

test("an answer that is not on record is not given", async () => {
  const away = new Fault("store_unavailable", "It is away.");
  const scene = open(() => answered, {
    store: { commit: () => Promise.reject(away), costs: createInMemoryStore().costs },
  });
  // It is paid for: whoever asks again by itself would pay again.
  await expect(scene.complete()).rejects.toMatchObject({
    code: "store_unavailable",
    details: { isOwed: true },
  });
  expect(scene.noted).toContain("settled 40");
});

test("calls that cannot be told apart are no answer; arguments that are no JSON are handed over", async () => {
  const refused = {
    kind: "call_refused",
    index: 0,
    id: "c",
    name: "f",
    text: "{,",
    reason: "not_json",
  } as const;
  const readable = open((ask) => (ask.onEvent(refused), answered));
  expect((await readable.complete()).calls).toEqual([{ id: "c", name: "f", args: "{," }]);
  const twice = open((ask) => (ask.onEvent({ ...refused, reason: "duplicate_id" }), answered));
  const broken = { code: "model_broken", details: { isOwed: true } };
  await expect(twice.complete()).rejects.toMatchObject(broken);
  expect(twice.noted).toContain("settled 40");
});

test("I9: what is put together of several parts is looked through as it is given to a backend", async () => {
  const looked: unknown[] = [];
  const found = { secret: "env://KEY", spelling: "plain", pointer: "/messages/0" };
  const findSecret = (sent: unknown) => {
    looked.push(sent);
    return looked.length === 2 ? found : null;
  };
  const scene = open(() => answered, { findSecret });
  const calls = [{ id: "c", name: "f", args: '{"a":"\\u0073k"}' }];
  const messages = [...request.messages, { role: "assistant", text: "So", calls }] as const;
  await expect(scene.complete({ request: { ...request, messages } })).rejects.toMatchObject({
    code: "secret_sent",
    details: { param: "messages" },
  });
  expect(looked[1]).toEqual({
    instructions: "",
    messages: ["the text that was asked", ["So", { a: "sk" }]],
  });
  expect(scene.asked).toEqual([]);
});

const keyScan: LeakScan = {
  isEmpty: false,
  find: (text) => (text.includes("sk-secret") ? [{ name: "env://KEY", spelling: "plain" }] : []),
  redact: (text) => text.replaceAll("sk-secret", "[redacted]"),
};

test("I9: a known secret in an answer is taken out, however it is cut, and it is told", async () => {
  const scene = open(
    (ask) => {
      for (const each of ["It is sk", "-sec", "ret, ", "no more."]) ask.onEvent(say(each));
      return answered;
    },
    { scan: keyScan },
  );
  expect((await scene.complete()).text).toBe("It is [redacted], no more.");
  expect(scene.heard).toEqual(["It is ", "[redacted], ", "no ", "more."].map(say));
  expect(scene.noted).toContain("gate_leaks answer");
  expect(await scene.entries()).toMatchObject([{ redacted: ["secret:env://KEY"] }]);
  expect(JSON.stringify(scene.logged)).toContain("env://KEY");
  expect(JSON.stringify(scene.logged)).not.toContain("sk-secret");
});

test("whoever asks is told who failed, and not where that is; what may be owed is not asked again", async () => {
  const fault = (code: "model_broken" | "model_unavailable") =>
    new Fault(code, "10.0.0.7:8000 gave up: sk-secret", { details: { host: "10.0.0.7:8000" } });
  const tell = async (code: "model_broken" | "model_unavailable") =>
    open(() => Promise.reject(fault(code)), { scan: keyScan })
      .complete()
      .catch((error: unknown) => error);
  for (const [code, isOwed] of [
    ["model_broken", true],
    ["model_unavailable", false],
  ] as const) {
    const told = await tell(code);
    expect(told).toMatchObject({ code, message: "b gave up: [redacted]", details: { isOwed } });
    expect((told as Fault).details["host"]).toBeUndefined();
  }
});

test("I8: of many at once, so many are asked as could be paid at the most, and none beyond the cap", async () => {
  const config = configSchema.parse({
    version: 1,
    budgets: { daily: { each: "tenant", money: "0.001", models: ["*"] } },
  });
  const clock = createManualClock(1_700_000_000_000);
  const leases = createLeases({ rows: createInMemorySpendings(), clock });
  const { budgets } = config;
  const answering: (() => void)[] = [];
  const scene = open(
    () => new Promise((resolve) => answering.push(() => resolve({ ...answered, cost: 100 }))),
    { budgets: createBudgets({ budgets, leases, clock }) },
  );
  const all = Array.from({ length: 30 }, () => scene.complete().then(() => "answered", String));
  await new Promise<void>((resolve) => setImmediate(resolve));
  expect(answering).toHaveLength(10);
  for (const answer of answering) answer();
  const ends = await Promise.all(all);
  expect(ends.filter((end) => end === "answered")).toHaveLength(10);
  await expect(scene.complete()).rejects.toMatchObject({ code: "budget_exhausted" });
});
