import { expect, test } from "vitest";
import type { Approval } from "../../../../src/client/client.ts";
import { keepRows, stepFrom, type Row } from "./keep-rows.ts";

const waiting = (...ids: readonly string[]) => ids.map((id) => ({ id }) as Approval);
const shown = (rows: readonly Row[]) =>
  rows.map(({ approval, isOver }) => (isOver ? `${approval.id} over` : approval.id));

test("new rows come last, those that are over go, and the one that is read stays", () => {
  const first = keepRows([], waiting("a", "b", "c"), "b");
  expect(shown(first)).toEqual(["a", "b", "c"]);
  // The server sorts otherwise: nothing moves.
  const second = keepRows(first, waiting("d", "c", "a"), "b");
  expect(shown(second)).toEqual(["a", "b over", "c", "d"]);
  expect(shown(keepRows(second, waiting("c", "d"), "c"))).toEqual(["c", "d"]);
});

test("steps stop at the ends, and begin at the first", () => {
  const rows = keepRows([], waiting("a", "b"), null);
  expect([stepFrom(rows, null, 1), stepFrom(rows, "a", 1), stepFrom(rows, "b", 1)]).toEqual([
    "a",
    "b",
    "b",
  ]);
  expect([stepFrom(rows, "a", -1), stepFrom([], "a", 1)]).toEqual(["a", null]);
});
