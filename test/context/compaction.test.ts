import { expect, test } from "vitest";
import { Fault } from "../../src/model/index.ts";
import { estimateTokens } from "../../src/model/skill-text.ts";
import {
  answerTokens,
  createLongRun,
  createOwing,
  ledgerOf,
  obligationsOf,
  pick,
  reads,
  stateOf,
  summaryOf,
  texts,
  words,
  type Engine,
} from "./long-run.ts";

test.each([
  [10, 4_000, 1],
  [20, 4_000, 1],
  [50, 8_000, 2],
  [100, 16_000, 4],
  [300, 16_000, 4],
  [1_000, 32_000, 8],
  [2_000, 64_000, 16],
  [4_000, 128_000, 16],
  [6_000, 128_000, 32],
  [10_000, 256_000, 64],
])(
  "%i calls in a window of %i: it ends right, and what it owes never changes",
  async (calls, window, perTurn) => {
    const engine = await createOwing(window, calls, perTurn);
    const run = await engine.live("Look everything up, and pay once.");
    expect(await stateOf(engine, run)).toBe("partial");
    const events = await engine.events(run);
    const compacted = pick(events, "context.compacted");
    const ended = pick(events, "call.ended");
    expect(compacted.length).toBeGreaterThan(1);
    expect(ended).toHaveLength(calls + 2);
    expect(new Set(ended.map(({ step, ordinal }) => `${step}/${ordinal}`)).size).toBe(calls + 2);
    expect([...engine.disk.effects.values()]).toEqual([1]);
    const first = engine.turns.findIndex((request) => ledgerOf(request) !== undefined);
    expect(first).toBeGreaterThan(0);
    for (const request of engine.turns) {
      expect(request.instructions).toBe(engine.turns[0]!.instructions);
      expect(request.tools).toEqual(engine.turns[0]!.tools);
      expect(texts(request)[0]).toBe("Look everything up, and pay once.");
      const size = estimateTokens(request.instructions + texts(request).join(""));
      expect(size).toBeLessThanOrEqual(window - answerTokens);
    }
    for (const request of engine.turns.slice(first)) {
      expect(obligationsOf(request)).toBe(obligationsOf(engine.turns[first]!));
      expect(summaryOf(request)).toBeDefined();
    }
    expect(obligationsOf(engine.turns.at(-1)!)).toBe(
      [
        "Open:",
        '- call_1_0 t__errs {"n":2}: its tool said no',
        "Nobody knows whether these were carried out:",
        '- call_0_0 t__write {"n":1}: unknown',
      ].join("\n"),
    );
    for (const { tokens, dropped } of compacted) {
      expect(tokens.after).toBeLessThan(tokens.before);
      expect(dropped.responses).toBeGreaterThan(0);
      expect(dropped.results).toBeGreaterThan(0);
    }
    expectListed(events);
  },
  120_000,
);

/** Each part that a compaction leaves out is listed once, by the snapshot after it, which goes back to the one before. */
function expectListed(events: Awaited<ReturnType<Engine["events"]>>): void {
  const asked = pick(events, "model.asked");
  const shown = asked.filter(({ snapshot }) => snapshot !== undefined);
  for (const [index, { snapshot }] of shown.entries())
    expect(snapshot!.parent).toBe(shown[index - 1]?.context ?? null);
  const listed = shown.flatMap(({ snapshot }) =>
    snapshot!.dropped.filter(({ why }) => why === "compacted"),
  );
  const places = listed.map(({ kind, step, ordinal }) => `${kind} ${step}/${ordinal}`);
  expect(new Set(places).size).toBe(places.length);
  const all = pick(events, "context.compacted").map(({ dropped }) => dropped);
  // A snapshot names a thousand at most; the event itself says how many they were.
  const count = (of: "responses" | "results") => all.reduce((sum, each) => sum + each[of], 0);
  const most = all.reduce((sum, each) => sum + Math.min(1_000, each.responses + each.results), 0);
  expect(places).toHaveLength(most);
  if (most === count("responses") + count("results"))
    expect(listed.filter(({ kind }) => kind === "response")).toHaveLength(count("responses"));
}

test("a summary is made from the one before it and what came since, and from nothing else", async () => {
  const engine = await createOwing(4_000, 60, 1);
  const run = await engine.live();
  expect(pick(await engine.events(run), "context.compacted").length).toBeGreaterThan(3);
  for (const [index, request] of engine.summaries.entries()) {
    const [text] = texts(request);
    expect(request.tools).toEqual([]);
    expect(request.messages).toHaveLength(1);
    expect(text!.includes(`Summary ${index}.`)).toBe(index > 0);
    expect(text).not.toContain(`Summary ${index - 1}.`);
    expect(text).not.toContain("What was done before, and what is open");
  }
});

test("the bundle's own prompt and model summarise, in as many tokens as it says", async () => {
  const aliases: string[] = [];
  const engine = await createLongRun({
    window: 4_000,
    context: { model: "small", prompt: "Be brief.", maxTokens: 99 },
    text: words(400),
    turn: (turn) => reads(turn, 12, 1),
    summary: (_, { alias }) => {
      aliases.push(alias);
      return "Short.";
    },
  });
  const run = await engine.live();
  expect(await stateOf(engine, run)).toBe("completed");
  expect(new Set(aliases)).toEqual(new Set(["small"]));
  for (const { instructions, parameters } of engine.summaries) {
    expect(instructions).toBe("Be brief.");
    expect(parameters.maxTokens).toBe(99);
  }
  const asked = pick(await engine.events(run), "model.asked");
  expect(asked.filter((event) => event.for === "summary")).toHaveLength(engine.summaries.length);
  expect((await engine.read(run)).steps).toBe(13);
});

test.each([
  ["empty", "   ", {}, /There is no summary: empty/],
  ["refused", "I will not.", { stop: "refused" }, /There is no summary: refused/],
  [
    "length",
    "It began so",
    { stop: "length" },
    /> It began so\n> \(It ends here, at its longest\.\)/,
  ],
  ["cut", "x".repeat(5_000), {}, /cut: about 1250 tokens/],
] as const)(
  "a summary that is %s is kept as far as it came, and that is said",
  async (...case_) => {
    const [stop, said, routed, shown] = case_;
    const engine = await createLongRun({
      window: 4_000,
      text: words(400),
      turn: (turn) => reads(turn, 12, 1),
      summary: () => said,
      routed: (request) => (request.tools.length === 0 ? routed : {}),
    });
    const run = await engine.live();
    expect(await stateOf(engine, run)).toBe("completed");
    expect(pick(await engine.events(run), "context.compacted")[0]).toMatchObject({ stop });
    expect(summaryOf(engine.turns.at(-1)!)).toMatch(shown);
    expect(summaryOf(engine.turns.at(-1)!)).not.toContain("I will not");
  },
);

test("abuse: a summary of nothing but lines takes no more of the window than any other", async () => {
  const engine = await createLongRun({
    window: 8_000,
    context: { maxTokens: 1_500 },
    text: words(400),
    turn: (turn) => reads(turn, 40, 1),
    summary: () => `So it was.${"\n.".repeat(20_000)}`,
  });
  const run = await engine.live();
  expect(await stateOf(engine, run)).toBe("completed");
  expect(engine.summaries.length).toBeGreaterThan(1);
  // As many tokens as it may have, half as many again, and our own words around it.
  for (const request of engine.turns.slice(-3)) {
    expect(summaryOf(request)).toContain("> So it was.");
    expect(estimateTokens(summaryOf(request)!)).toBeLessThan(1_500 * 1.5 + 64);
  }
});

test("a summary that the backend does not take is done without; one that it is away for is waited for", async () => {
  let away = 3;
  const engine = await createLongRun({
    window: 4_000,
    text: words(400),
    turn: (turn) => reads(turn, 12, 1),
    summary: () => {
      if ((away -= 1) >= 0) throw new Fault("model_unavailable", "It is away.");
      throw new Fault("model_refused", "It is too long.");
    },
  });
  const run = await engine.live();
  for (let waits = 0; waits < 6; waits += 1) await engine.pass(60_000);
  expect(await stateOf(engine, run)).toBe("completed");
  const events = await engine.events(run);
  expect(pick(events, "model.failed").map(({ code }) => code)).toEqual(
    Array.from({ length: 3 }, () => "model_unavailable"),
  );
  expect(pick(events, "context.compacted")[0]).toMatchObject({
    stop: "model_refused",
    backend: null,
    prices: null,
  });
  expect(summaryOf(engine.turns.at(-1)!)).toContain("There is no summary: model_refused");
});

test("a summarising model that stays away fails the run after eight tries", async () => {
  const engine = await createLongRun({
    window: 4_000,
    text: words(400),
    turn: (turn) => reads(turn, 12, 1),
    summary: () => Promise.reject(new Fault("model_unavailable", "It is away.")),
  });
  const run = await engine.live();
  for (let waits = 0; waits < 12; waits += 1) await engine.pass(60_000);
  expect(await stateOf(engine, run)).toBe("failed model_unavailable");
  expect(engine.summaries).toHaveLength(8);
});

test("100 turns of a model at 200,000 tokens make a log below 2 MB", async () => {
  const engine = await createLongRun({
    window: 200_000,
    keepTurns: 4,
    text: words(20_000),
    turn: (turn) => reads(turn, 100, 1),
  });
  const run = await engine.live();
  expect(await stateOf(engine, run)).toBe("completed");
  expect(pick(await engine.events(run), "context.compacted").length).toBeGreaterThan(3);
  const rows = await engine.store.runs.read(run, { after: 0, limit: 10_000 });
  const bytes = rows.reduce((sum, { payload }) => sum + payload.byteLength, 0);
  expect(bytes).toBeLessThan(2_000_000);
});
