import { expect, test } from "vitest";
import { cutText, parseKept, toPretty } from "./parse-kept.ts";

test("a kept text is what was said and what was called; another form is shown as it is", () => {
  const kept = { text: "I book.", calls: [{ name: "a__b", args: "{}" }] };
  expect(parseKept(JSON.stringify(kept))).toEqual(kept);
  expect(parseKept(`{"text":"x","calls":[7,{"name":"a"}]}`)).toEqual({ text: "x", calls: [] });
  for (const other of ["not JSON", "[1]", `{"text":7}`, "null", ""])
    expect(parseKept(other)).toEqual({ text: other, calls: [] });
});

test("JSON is broken into lines only where every value stays as it was written", () => {
  expect(toPretty(`{"a": [1, "x y"]}`)).toEqual({
    text: `{\n  "a": [\n    1,\n    "x y"\n  ]\n}`,
    isJson: true,
  });
  for (const exact of [`{"a":12345678901234567890}`, `{"a":1,"a":2}`, `{"a":1.0}`, `["\\u0061"]`])
    expect(toPretty(exact)).toEqual({ text: exact, isJson: true });
  expect(toPretty("{ no")).toEqual({ text: "{ no", isJson: false });
  expect(toPretty("plain")).toEqual({ text: "plain", isJson: false });
});

test("a long text is cut at a line, or between letters, and says how much is left", () => {
  expect(cutText("short")).toEqual({ text: "short", left: 0 });
  const lines = "line\n".repeat(100);
  const cut = cutText(lines);
  expect(cut.text.split("\n")).toHaveLength(24);
  expect(cut.text.length + cut.left).toBe(lines.length);
  const long = cutText(`${"a".repeat(2_399)}😀${"b".repeat(50)}`);
  expect(long.text).toBe("a".repeat(2_399));
  expect(long.text.isWellFormed()).toBe(true);
});
