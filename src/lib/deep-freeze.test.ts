import { expect, test } from "vitest";
import { findUnfrozen } from "../../test/find-unfrozen.ts";
import { deepFreeze } from "./deep-freeze.ts";

test("everything in a value is frozen, behind what was frozen before, too", () => {
  const value = Object.freeze({ list: Object.freeze([{ deep: { deeper: [1] } }]), text: "x" });
  expect(findUnfrozen(value)).toEqual(["/list/0", "/list/0/deep", "/list/0/deep/deeper"]);
  expect(deepFreeze(value)).toBe(value);
  expect(findUnfrozen(value)).toEqual([]);
});

test("what is no object is returned as it is", () => {
  for (const value of [null, undefined, 1, "x", true]) expect(deepFreeze(value)).toBe(value);
});
