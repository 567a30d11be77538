import { expect, test } from "vitest";
import type { Runs } from "../../../../src/client/client.ts";
import { listNew, patchRuns, type RunRow } from "./merge-runs.ts";

function newRun(id: string, changes: Partial<RunRow> = {}): RunRow {
  const times = { createdAt: null, endedAt: null, parent: null };
  const about = { agent: "clerk", subject: null, steps: 1, spent: null, why: null };
  return { id, ...about, ...times, state: "running", head: 1, ...changes };
}
const page = (ids: string, next: string | null = null): Runs => ({
  runs: ids.split("").map((id) => newRun(id)),
  next,
});
const idsOf = (pages: readonly Runs[]) =>
  pages.flatMap(({ runs }) => runs.map(({ id }) => id)).join("");

test("a fresh page changes rows where they stand, and adds and takes away none", () => {
  const pages = [page("hgf", "f"), page("edc", "c")];
  const changed = newRun("e", { head: 4, state: "waiting", why: "approval" });
  const fresh = { runs: [newRun("g"), changed, newRun("d")], next: "d" };
  const patched = patchRuns(pages, fresh, "h");
  expect(idsOf(patched.pages)).toBe("hgfedc");
  expect(patched.pages[1]!.runs[0]).toEqual(changed);
  // An untouched page stays the same value: nothing of it is drawn again.
  expect(patched.pages[0]).toBe(pages[0]);
  // `f` should have been between them; `h` and `c` lie outside of what was asked for.
  expect(patched.gone).toEqual(["f"]);
  expect(patchRuns(pages, page("hgf", "f"), null)).toEqual({ pages, gone: [] });
  expect(patchRuns(pages, page("hgf", "f"), null).pages).toBe(pages);
});

test("the last page covers all that is older", () => {
  expect(patchRuns([page("hgf")], page("h"), null).gone).toEqual(["g", "f"]);
  expect(patchRuns([page("hgf")], page(""), "g").gone).toEqual(["f"]);
});

test("new are those that were made after the first one that is shown", () => {
  const ids = (first: RunRow | undefined, fresh: Runs) => listNew(first, fresh).map(({ id }) => id);
  expect(ids(newRun("f"), page("hgfe"))).toEqual(["h", "g"]);
  expect(ids(newRun("h"), page("hgfe"))).toEqual([]);
  expect(ids(undefined, page("b"))).toEqual(["b"]);
});
