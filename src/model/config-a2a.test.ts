import { expect, test } from "vitest";
import { a2aField } from "./config-a2a.ts";

test("an agent is exposed only where that is said, and its card shown only where that is said, too", () => {
  expect(a2aField.parse(undefined)).toBe(undefined);
  expect(a2aField.parse({})).toEqual({ public: false, skills: false });
  expect(a2aField.parse({ public: true })).toEqual({ public: true, skills: false });
  for (const wrong of [true, { public: "yes" }, { open: true }, null])
    expect(a2aField.safeParse(wrong).success).toBe(false);
});
