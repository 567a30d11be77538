import { expect, test } from "vitest";
import { readReceiptFacts } from "./receipt-facts.ts";
import type { ShownEvent } from "./run-source.ts";
import { listWhyCalls, readArgs, readDenial } from "./why-calls.ts";

const approval = "01900000-0000-7000-8000-000000000003";
const place = { step: 0, ordinal: 1 };
const log: readonly ShownEvent[] = [
  { type: "tools.found", step: 0, ordinal: 9, tools: ["air__book"] },
  {
    type: "model.responded",
    step: 0,
    backend: "gpu",
    response: "sha256:aa",
    calls: [
      { tool: "air__search", args: "sha256:01", effect: "read" },
      { tool: "air__book", args: "sha256:02", effect: "write" },
    ],
  },
  { type: "call.deferred", ...place, for: "approval", approval },
  { type: "approval.decided", approval, outcome: "approved" },
  { type: "call.deferred", ...place, for: "approval", approval },
  { type: "fact.read", ...place, key: "fare:1", was: "a", value: "a" },
  { type: "call.started", ...place, intent: "sha256:03", entry: "e" },
  { type: "call.ended", ...place, outcome: "answered", entry: "e", result: "sha256:04" },
  { type: "call.ended", step: 7, ordinal: 7, outcome: "answered", entry: null, result: "x" },
].map((event, at) => ({ seq: at + 1, event: { v: 1, atMs: at * 1_000, ...event } }));

test("a call is told whole: how it was found, decided on, made, and what it rests on", () => {
  const [search, book, ...more] = listWhyCalls(log);
  expect(more).toEqual([]);
  expect(search).toMatchObject({ tool: "air__search", ended: null, foundIn: null, waits: [] });
  expect(book).toMatchObject({
    tool: "air__book",
    response: "sha256:aa",
    foundIn: "0.9",
    waits: [{ for: "approval", approval, decided: { outcome: "approved", atMs: 3_000 } }],
    facts: [{ key: "fare:1" }],
    started: { entry: "e", intent: "sha256:03" },
    ended: { outcome: "answered", entry: "e", result: "sha256:04" },
  });
});

test("the rule of a denial and the arguments of a call are read from texts that are as they should be", () => {
  const meta = { "dev.countersign/outcome": { outcome: "denied", rule: "own/no-fees" } };
  const denied = (own: unknown) =>
    JSON.stringify({ text: "", raw: JSON.stringify({ _meta: own }) });
  expect(readDenial(denied(meta))).toBe("own/no-fees");
  for (const text of [denied(null), denied({}), "{", "null", JSON.stringify({ raw: "no" })])
    expect(readDenial(text)).toBeNull();
  const said = JSON.stringify({ text: "", calls: [{ name: "a", args: "{}" }] });
  expect(readArgs(said, 0)).toBe("{}");
  for (const text of [said, "[]", "{"]) expect(readArgs(text, 1)).toBeNull();
});

test("a receipt says by which rules, with which credential and in which sandbox a call was sent", () => {
  const entry = (value: object) => ({
    bytes: Buffer.from(JSON.stringify(value)).toString("base64"),
    index: 4,
    path: [],
  });
  const decision = { kind: "ask", rules: ["own/ask"], policy: "sha256:05" };
  const facts = readReceiptFacts({
    entries: [
      entry({ kind: "verdict", word: "approved" }),
      entry({ kind: "intent", decision, credential: "planned" }),
      entry({
        kind: "outcome",
        outcome: "answered",
        credential: "sent@2",
        sandbox: { tier: "T1" },
      }),
    ],
  });
  expect(facts).toMatchObject({
    decision: { kind: "ask", rules: ["own/ask"] },
    policy: "sha256:05",
    credential: "sent@2",
    sandbox: { tier: "T1", driver: null },
    redacted: [],
    verdicts: ["approved"],
    leaves: [4, 4, 4],
  });
  expect(readReceiptFacts({ entries: [] })).toMatchObject({ decision: null, sandbox: null });
});
