import { expect, test } from "vitest";
import { findFreeze, type Freeze } from "./server-queries.ts";
import { findTools, toErrorShare, toPercent, toRate } from "./server-words.ts";

test.each([
  [{ calls: 0, windowMs: 300_000 }, "0"],
  [{ calls: 7, windowMs: 300_000 }, "1.4"],
  [{ calls: 7_000, windowMs: 300_000 }, "1,400"],
])("%j are %s calls a minute", (recent, words) => {
  expect(toRate(recent)).toBe(words);
});

test("errors are a share of what was sent: a denial is no call that could have failed", () => {
  expect(toErrorShare({ calls: 10, denied: 6, errors: 1 })).toBe(0.25);
  expect(toErrorShare({ calls: 6, denied: 6, errors: 0 })).toBeNull();
  expect([0, 0.004, 0.25].map(toPercent)).toEqual(["0 %", "< 1 %", "25 %"]);
});

test("tools are found by what they say, those that are called so first", () => {
  const tool = (name: string, description: string) => ({ name, title: null, description });
  const tools = [tool("a__list", "Lists who was paid to pay."), tool("b__pay", "Moves money.")];
  const find = (wanted: string) => findTools(tools, wanted).map(({ name }) => name);
  expect(find("Pay")).toEqual(["b__pay", "a__list"]);
  expect(find("paid LISTS")).toEqual(["a__list"]);
  expect(find(" ")).toEqual(["a__list", "b__pay"]);
});

test("a server is frozen by its own freeze or with everything, while that is not lifted", () => {
  const freeze = (kind: Freeze["kind"], name: string, isLifted = false): Freeze => ({
    kind,
    name,
    reason: "",
    by: "ada",
    at: "",
    lifted: isLifted ? { by: "ada", at: "" } : null,
  });
  expect(findFreeze([freeze("server", "bank", true), freeze("tool", "bank")], "bank")).toBeNull();
  const all = freeze("all", "");
  expect(findFreeze([all, freeze("server", "bank")], "bank")).toMatchObject({ kind: "server" });
  expect(findFreeze([all], "bank")).toBe(all);
});
