import { expect, test } from "vitest";
import { estimateTokens } from "../../src/model/skill-text.ts";
import type { Said } from "../simulation/engine.ts";
import { tenant } from "../simulation/tenant.ts";
import { answerTokens, createLongRun, pick, read, texts, words } from "./long-run.ts";

const sizeOf = (said: readonly string[]): number => estimateTokens(said.join(""));

test("an input that does not fit fails the run before a model is asked, and says what is to be raised", async () => {
  const engine = await createLongRun({ window: 4_000, turn: () => undefined });
  const run = await engine.live(words(5_000));
  expect(await engine.read(run)).toMatchObject({
    state: "failed",
    reason: {
      code: "context_full",
      detail: expect.stringMatching(/take about 5\d+ tokens at least, and the window leaves 3900/),
    },
  });
  expect([...engine.turns, ...engine.summaries]).toEqual([]);
});

test("an answer as long as the window leaves no room for a context", async () => {
  const engine = await createLongRun({ window: answerTokens, turn: () => undefined });
  const run = await engine.live();
  expect(await engine.read(run)).toMatchObject({
    state: "failed",
    reason: { code: "context_full", detail: expect.stringContaining("as long as the window") },
  });
});

test("what is open is never left out: where it fills the window, the run ends", async () => {
  const engine = await createLongRun({
    window: 4_000,
    turn: (turn): Said | undefined => {
      const tool = ["t__errs", "t__write"][turn];
      const call = (n: number) => [tool!, { n, note: "n".repeat(400) }] as const;
      return tool === undefined ? undefined : Array.from({ length: 18 }, (_, n) => call(n));
    },
    more: { isLost: () => true },
  });
  const run = await engine.live();
  // Either turn fits by itself.
  expect(engine.turns).toHaveLength(2);
  expect(await engine.read(run)).toMatchObject({
    state: "failed",
    reason: { code: "context_full" },
  });
});

test("one turn of results longer than the window is shown shortened, and that is listed", async () => {
  const engine = await createLongRun({
    window: 4_000,
    text: words(6_000),
    turn: (turn) => (turn < 3 ? [read(2 * turn), read(2 * turn + 1)] : undefined),
  });
  const run = await engine.live();
  expect((await engine.read(run)).state).toBe("completed");
  for (const request of engine.turns) {
    expect(sizeOf(texts(request))).toBeLessThanOrEqual(4_000 - answerTokens);
    for (const message of request.messages)
      if (message.role === "tool")
        expect(message.text).toMatch(/\(cut: about \d+ tokens in all\)$/);
  }
  const [, second] = pick(await engine.events(run), "model.asked");
  expect(second!.snapshot!.dropped).toEqual([
    { kind: "result", step: 0, ordinal: 0, why: "shortened" },
    { kind: "result", step: 0, ordinal: 1, why: "shortened" },
  ]);
  // What is told of it is what it was sent.
  const { tokens, parts } = await engine.desk.context(tenant, run, 1);
  expect(parts.reduce((sum, part) => sum + part.tokens, 0)).toBe(tokens.conversation);
  expect(tokens.total).toBeLessThanOrEqual(4_000 - answerTokens);
});

test("where the newest turns do not fit, fewer of them stay", async () => {
  const engine = await createLongRun({
    window: 4_000,
    keepTurns: 3,
    text: words(1_200),
    turn: (turn) => (turn < 8 ? [read(turn)] : undefined),
  });
  const run = await engine.live();
  expect((await engine.read(run)).state).toBe("completed");
  const compacted = pick(await engine.events(run), "context.compacted");
  expect(compacted.length).toBeGreaterThan(1);
  for (const { step, upTo } of compacted) expect(step - upTo).toBeLessThan(3);
  for (const request of engine.turns)
    expect(sizeOf(texts(request))).toBeLessThanOrEqual(4_000 - answerTokens);
});

test("a backend that counts more than we estimate is believed, up to three times as much", async () => {
  const firstOf = async (factor: number) => {
    const engine = await createLongRun({
      window: 16_000,
      text: words(700),
      turn: (turn) => (turn < 40 ? [read(turn)] : undefined),
      routed: (request) => {
        const input = Math.round(sizeOf([request.instructions, ...texts(request)]) * factor);
        return { usage: { input, cached: 0, written: 0, output: 5, reasoning: 0 } };
      },
    });
    const run = await engine.live();
    expect((await engine.read(run)).state).toBe("completed");
    return pick(await engine.events(run), "context.compacted")[0]!.step;
  };
  const [exact, twice, far] = [await firstOf(1), await firstOf(2), await firstOf(50)];
  expect(twice).toBeLessThan(exact * 0.6);
  expect(far).toBeGreaterThanOrEqual(Math.floor(exact / 3) - 1);
});
