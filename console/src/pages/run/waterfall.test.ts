import { expect, test } from "vitest";
import { toShownTrace } from "../../../../src/api/show-trace.ts";
import type { RunTrace } from "../../../../src/client/client.ts";
import { projectRun } from "../../../../src/sight/project-run.ts";
import { run, writtenLog } from "../../../../test/sight/written-log.ts";
import { listPauses, listTicks } from "./list-ticks.ts";
import { toSpanLabel } from "./span-label.ts";
import { findMove } from "./waterfall-keys.ts";
import { listAbove, listUnfolded, toExtent, toWaterfall } from "./waterfall.ts";

const toTrace = (events = writtenLog): RunTrace => {
  const spans = projectRun({ run, events, model: "smart" });
  return toShownTrace(run, { runs: [{ run, head: events.length, spans }], isCut: false });
};

const waterfall = toWaterfall(toTrace().spans, null);
const labels = waterfall.rows.map(({ span }) => toSpanLabel(span));
const find = (label: string) => waterfall.rows[labels.indexOf(label)]!;

test("each span of a run is a row below what called it, by a name that people use", () => {
  expect(
    waterfall.rows.slice(0, 8).map(({ depth, kind }, at) => [depth, kind, labels[at]]),
  ).toEqual([
    [0, "agent", "agent travel"],
    [1, "other", "retrieval profile"],
    [1, "model", "model smart"],
    [1, "model", "model smart"],
    [1, "tool", "skill · read"],
    [2, "other", "read skill packing"],
    [1, "tool", "flights · book"],
    [2, "wait", "waits for a person"],
  ]);
});

test("an hour in which a person was waited for takes little room, and is no work", () => {
  const { scale } = waterfall;
  const wait = find("waits for a person");
  expect(wait.toMs - wait.fromMs).toBeGreaterThan(3_599_000);
  expect(toExtent(scale, wait.fromMs, wait.toMs).width).toBeLessThan(0.1);
  const pauses = listPauses(waterfall);
  expect(pauses.some(({ ms }) => ms > 3_500_000)).toBe(true);
  for (const { width } of pauses) expect(width).toBeLessThan(0.05);
  // Made before, and carried out after it: the call worked at its end alone.
  const booked = find("flights · book");
  expect(booked.work!.toMs - booked.work!.fromMs).toBe(430);
  expect(waterfall.sums.wait).toBeGreaterThan(3_599_000);
  expect(waterfall.sums.tool).toBeLessThan(2_000);
});

test("the slowest is the one that worked longest, whatever waited longer", () => {
  const slow = { ...find("flights · book").span, id: "slow", end: null, error: false };
  const last = waterfall.lastMs;
  const { "countersign.active_ms": _, ...attributes } = slow.attributes;
  const open = { ...slow, start: new Date(last - 100).toISOString(), attributes };
  const found = toWaterfall([...toTrace().spans, open], last + 9_000).slowest!;
  expect(found.row.span.id).toBe("slow");
  expect(found.ms).toBe(9_100);
  expect(found.share).toBeGreaterThan(0.5);
  // Without more to come it goes as far as is known.
  expect(toWaterfall([...toTrace().spans, open], null).slowest!.ms).toBeLessThan(9_100);
  expect(toWaterfall([], null)).toMatchObject({ rows: [], slowest: null });
});

test("round times stand over the time in which something was done, in order and apart", () => {
  const ticks = listTicks(waterfall);
  expect(ticks[0]).toEqual({ left: 0, ms: 0 });
  expect(ticks.length).toBeGreaterThan(1);
  for (const [index, { left, ms }] of ticks.entries()) {
    if (index === 0) continue;
    expect(left - ticks[index - 1]!.left).toBeGreaterThan(0.05);
    expect(ms % 100).toBe(0);
    expect(left).toBeLessThanOrEqual(1);
  }
});

test("what is folded hides those below it, and a link to one of them opens it", () => {
  const booked = find("flights · book").span.id;
  const shown = listUnfolded(waterfall.rows, new Set([booked]));
  expect(shown).toHaveLength(waterfall.rows.length - find("flights · book").below);
  expect(shown.some(({ depth }) => depth === 2)).toBe(true);
  const wait = find("waits for a person").span.id;
  expect(listAbove(waterfall.rows, wait)).toEqual([waterfall.rows[0]!.span.id, booked]);
  expect(listUnfolded(waterfall.rows, new Set([waterfall.rows[0]!.span.id]))).toHaveLength(1);
});

test.each([
  ["ArrowDown", 0, "select", 1],
  ["ArrowUp", 0, "select", 0],
  ["End", 0, "select", -1],
  ["ArrowLeft", 6, "fold", 6],
  ["ArrowLeft", 7, "select", 6],
  ["ArrowRight", 6, "select", 7],
  ["ArrowDown", -1, "select", 0],
] as const)("%s at row %i: %s row %i", (key, at, kind, to) => {
  const { rows } = waterfall;
  const move = findMove(key, { rows, folded: new Set(), at });
  expect(move).toEqual({ kind, id: rows.at(to)!.span.id });
});

test("a folded one is opened to the right, and other keys are nobody's", () => {
  const { rows } = waterfall;
  const folded = new Set([rows[6]!.span.id]);
  expect(findMove("ArrowRight", { rows, folded, at: 6 })).toEqual({
    kind: "fold",
    id: rows[6]!.span.id,
  });
  expect(findMove("ArrowRight", { rows, folded, at: 1 })).toBeNull();
  expect(findMove("x", { rows, folded, at: 1 })).toBeNull();
  expect(findMove("ArrowDown", { rows: [], folded, at: -1 })).toBeNull();
});

test("a file that names spans twice, below themselves or endlessly deep is drawn all the same", () => {
  const [first] = toTrace().spans;
  const make = (id: string, parent: string | null) => ({ ...first!, id, parent });
  const deep = Array.from({ length: 20_000 }, (_, at) =>
    make(`${at}`, at === 0 ? null : `${at - 1}`),
  );
  const { rows } = toWaterfall(deep, null);
  expect([rows.length, rows[0]!.below, rows.at(-1)!.depth]).toEqual([20_000, 19_999, 19_999]);
  const doubled = deep.slice(0, 64).flatMap((span) => [span, span]);
  expect(toWaterfall(doubled, null).rows).toHaveLength(64);
  const ringed = [make("a", null), make("b", "a"), make("a", "b"), make("c", "c")];
  expect(toWaterfall(ringed, null).rows.map(({ span }) => span.id)).toEqual(["a", "b"]);
});
