import { expect, test } from "vitest";
import { parseStrictJson, type Json } from "../lib/strict-json.ts";
import { toBound, toForwarded } from "./forwarded.ts";

function read(text: string): Json {
  const parsed = parseStrictJson(text);
  if (parsed.kind === "refused") throw new Error(parsed.reason);
  return parsed.value;
}

test("what says who the client is stays here, and everything else goes upstream", () => {
  const meta = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/logLevel": "info",
    "dev.countersign/key": "one",
    "example.com/note": 1,
  };
  expect(toForwarded(meta)).toEqual({
    "io.modelcontextprotocol/logLevel": "info",
    "example.com/note": 1,
  });
  expect(toForwarded({ "dev.countersign/key": "one" })).toBe(toForwarded(undefined));
});

test("a key that is called __proto__ is a member like any other, and hides nothing", () => {
  const text = '{"__proto__":{"traceparent":"x"},"a":1}';
  const forwarded = toForwarded(read(text));
  expect(JSON.stringify(forwarded)).toBe(text);
  expect(forwarded["traceparent"]).toBeUndefined();
  expect(JSON.stringify(toBound(forwarded))).toBe(text);
});

test("an intent is bound to all but what names one sending", () => {
  const trace = `00-${"1".repeat(32)}-${"2".repeat(16)}-01`;
  expect(toBound({ progressToken: 1, traceparent: trace, a: 1 })).toEqual({ a: 1 });
  expect(toBound({ traceparent: "anything" })).toEqual({ traceparent: "anything" });
});
