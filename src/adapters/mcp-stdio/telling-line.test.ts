import { expect, test } from "vitest";
import { findTellingLine } from "./telling-line.ts";

test.for([
  ["nothing", [], undefined],
  ["one that says nothing of a fault", ["starting", "bye"], "bye"],
  [
    "Node's own, where a module is missing",
    [
      "node:internal/modules:1",
      "Error: Cannot find module '/a.js'",
      "    at main:1",
      "Node.js v24",
    ],
    "Error: Cannot find module '/a.js'",
  ],
  ["the last of several", ["ERROR: first", "panic: refused", "exit"], "panic: refused"],
] as const)("the telling line of %s", ([, lines, line]) => {
  expect(findTellingLine(lines)).toBe(line);
});
