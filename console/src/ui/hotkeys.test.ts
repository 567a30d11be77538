import { expect, test } from "vitest";
import { findHotkey } from "./hotkeys.ts";

const run = () => undefined;
const hotkeys = ["a", "r", "g r", "mod+k"].map((keys) => ({ keys, title: keys, run }));
const find = (first: string | null, key: string, afterMs = 100) =>
  findHotkey(hotkeys, first === null ? null : { key: first, atMs: 0 }, { key, atMs: afterMs })
    ?.keys ?? null;

test("one key is one word, and two in time are another", () => {
  expect([find(null, "a"), find(null, "r"), find(null, "mod+k")]).toEqual(["a", "r", "mod+k"]);
  expect(find("g", "r")).toBe("g r");
  expect(find("g", "r", 1_000)).toBe("r");
  expect([find(null, "A"), find(null, "g")]).toEqual([null, null]);
});

test("whoever has begun to go somewhere decides nothing, though the second key be wrong", () => {
  expect(find("g", "a")).toBeNull();
  expect(find("g", "a", 1_000)).toBe("a");
  expect(find("z", "a")).toBe("a");
});
