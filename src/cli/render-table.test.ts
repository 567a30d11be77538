import { expect, test } from "vitest";
import { renderTable } from "./render-table.ts";

test("columns stand below each other", () => {
  const rows = [
    ["mail", "http", "ready"],
    ["calendar", "sse", ""],
  ];
  expect(renderTable(rows)).toBe("  mail      http  ready\n  calendar  sse");
});

test("a server's words neither steer the terminal nor make a row of their own", () => {
  const forged = renderTable([["mail", "1.0\u001b[2J\n  bank  ready\u202e", "é 日本 → x"]]);
  expect(forged).toBe("  mail  1.0\\u{1b}[2J\\u{a}  bank  ready\\u{202e}  é 日本 → x");
});
