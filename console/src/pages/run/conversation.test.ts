import { expect, test } from "vitest";
import { writtenLog } from "../../../../test/sight/written-log.ts";
import { toConversation } from "./conversation.ts";
import { listTools, toEventLine } from "./event-line.ts";
import { countTypes, filterEvents } from "./filter-events.ts";
import { sumCosts } from "./sum-costs.ts";
import { toCostPath } from "./to-cost-path.ts";

const events = writtenLog.map(({ seq, event }) => ({ seq, event }));
const tools = listTools(events);

test("a conversation is who said what, with what was waited for in between", () => {
  const turns = toConversation(events);
  const told = turns.map((turn) =>
    turn.kind === "said"
      ? `${turn.who}${turn.isOutside ? " (outside)" : ""}`
      : turn.kind === "note"
        ? turn.text
        : turn.kind === "result"
          ? `${turn.tool}: ${turn.outcome}`
          : turn.kind,
  );
  expect(told.slice(0, 12)).toEqual([
    "instructions",
    "ada",
    "source profile (outside)",
    "The model failed: model_busy",
    "model",
    "Read SKILL.md of the skill packing",
    "skill · read: answered",
    "flights · book waits for a person",
    expect.stringContaining("agents · clerk began run"),
    "flights · search: answered",
    "The approval was approved",
    "flights · book: tool_error",
  ]);
  const [answer] = turns.filter((turn) => turn.kind === "model");
  // From when it was asked the second time; what it thought is a number and no text.
  expect(answer).toMatchObject({ step: 0, ms: 900, tokens: { output: 10, reasoning: 6 } });
  expect(answer!.tools).toHaveLength(4);
  const booked = turns.find((turn) => turn.kind === "result" && turn.tool === "flights · book");
  expect(booked).toMatchObject({ entry: expect.any(String), ms: 430, bytes: 2 });
});

test("every event has a line, and a type that nobody knows has none and is kept", () => {
  for (const shown of events.slice(2, 12))
    expect(toEventLine(shown, tools), shown.event.type).not.toBe("");
  const unknown = { seq: 99, event: { v: 1, type: "run.dreamt", atMs: 5 } };
  expect(toEventLine(unknown, tools)).toBe("");
  expect(filterEvents([unknown], { type: "", text: "dreamt" }, tools)).toEqual([unknown]);
  expect(toConversation([unknown])).toEqual([]);
});

test("events are found by their type, by its family, by what they hold and by their words", () => {
  const find = (type: string, text = "") => filterEvents(events, { type, text }, tools);
  const calls = events.filter(({ event }) => event.type.startsWith("call."));
  expect(find("call")).toEqual(calls);
  expect(find("call.deferred")).toHaveLength(1);
  expect(find("cal")).toEqual([]);
  expect(find("", " MODEL_BUSY ")).toHaveLength(1);
  // The event itself names no tool: the answer before it does.
  expect(find("call.ended", "flights · book")).toHaveLength(1);
  expect(find("")).toBe(events);
  expect(countTypes(events)).toContainEqual({ type: "call", count: calls.length });
});

test("costs are the events' own, each counted once for its step and for who took it", () => {
  const sums = sumCosts(events);
  const all = writtenLog.flatMap(({ event }) => ("cost" in event ? (event.cost ?? []) : []));
  const micros = all.reduce((sum, cost) => sum + cost.micros, 0);
  expect(micros).toBeGreaterThan(2_000);
  expect(sums.total.micros).toBe(micros);
  expect(sums.steps.reduce((sum, row) => sum + row.micros, 0)).toBe(micros);
  const parts = [...sums.models, ...sums.tools];
  expect(parts.reduce((sum, row) => sum + row.micros, 0)).toBe(micros);
  expect(sums.models.find(({ name }) => name === "gpu")).toMatchObject({
    cached: expect.any(Number),
  });
  expect(sums.points.at(-1)!.sum.micros).toBe(micros);
  const rising = sums.points.map(({ sum }) => sum.micros);
  expect(rising).toEqual(rising.toSorted((one, other) => one - other));
});

test("the line of costs stays in its picture, with its cap where that is near", () => {
  const points = Array.from({ length: 5_000 }, (_, at) => ({
    atMs: at,
    step: at,
    sum: { micros: at * 10, tokens: 0, calls: 0 },
  }));
  const size = { width: 800, height: 100 };
  const near = toCostPath(points, { measure: "micros", cap: 60_000, ...size });
  expect(near.capY).toBeGreaterThan(0);
  expect(near.d.split("V").length).toBeLessThan(620);
  const heights = [...near.d.matchAll(/V([\d.]+)/g)].map(([, y]) => Number(y));
  for (const y of heights) expect(y).toBeGreaterThan(near.capY!);
  expect(Math.max(...heights)).toBeLessThanOrEqual(100);
  expect(toCostPath(points, { measure: "micros", cap: 60_000_000, ...size }).capY).toBeNull();
  expect(toCostPath(points, { measure: "tokens", cap: null, ...size }).d).toMatch(/^M0 100V100H/);
});
