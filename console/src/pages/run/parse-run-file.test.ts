import { expect, test } from "vitest";
import { createFileSource } from "./file-source.ts";
import { parseRunFile, type RunFile } from "./parse-run-file.ts";

const id = "01900000-0000-7000-8000-000000000001";
const at = "2026-11-21T12:00:00.000Z";
const amounts = { money: "0", tokens: 0, calls: 0 };
const run = {
  id,
  agent: "travel",
  bundle: "sha256:ab",
  subject: "user:ada",
  state: "completed",
  head: 700,
  parent: null,
  createdAt: at,
  deadline: null,
  steps: 1,
  maxSteps: 10,
  budget: { caps: { money: null, tokens: null, calls: null }, spent: amounts, held: amounts },
  waits: [],
  reason: null,
  output: null,
  quality: null,
  calls: [],
  children: [],
};
const span = {
  id: "ab",
  parent: null,
  run: id,
  name: "invoke_agent travel",
  kind: "internal",
  start: at,
  end: null,
  error: false,
  attributes: {},
};
const trace = { id, trace: "cd", cut: false, spans: [span] };
const event = (seq: number, more: object = {}) => ({
  seq,
  event: { v: 1, type: "letter.dropped", atMs: seq, ...more },
});
const events = Array.from({ length: 700 }, (_, index) => event(index + 1));
const file = { format: "countersign-run", version: 1, run, trace, events };

test.each<[string, unknown, RegExp]>([
  ["a text that ends in the middle", `{"format":"countersign-run"`, /^The file is not JSON: .+/],
  ["another format", { format: "har" }, /its format is not "countersign-run"/],
  ["a list", [], /no exported run/],
  ["a later version", { ...file, version: 2 }, /of version 2; this console reads version 1/],
  ["no version", { ...file, version: undefined }, /of version none/],
  ["no run", { ...file, run: undefined }, /^run is missing\.$/],
  ["a state that is none", { ...file, run: { ...run, state: "odd" } }, /^run\.state is not one of/],
  [
    "a time that is none",
    { ...file, trace: { ...trace, spans: [span, { ...span, start: "noon" }] } },
    /^trace\.spans\[1\]\.start is not a time\.$/,
  ],
  [
    "an event without a number",
    { ...file, events: [{ event: {} }] },
    /^events\[0\]\.seq is missing/,
  ],
  ["events out of order", { ...file, events: [event(2), event(1)] }, /^events\[1\]\.seq is 1 and/],
  [
    "a turn whose calls are none",
    { ...file, events: [event(1, { type: "model.asked", step: "0" })] },
    /^events\[0\]\.event\.step is not a number/,
  ],
  ["half a context", { ...file, contexts: [{ step: 1 }] }, /^contexts\[0\]\.at is missing/],
  ["half an explanation", { ...file, explanation: {} }, /^explanation\.id is missing/],
])("of %s the place is told", (_, given, expected) => {
  const text = typeof given === "string" ? given : JSON.stringify(given);
  const parsed = parseRunFile(text);
  expect(parsed.kind === "refused" ? parsed.why : parsed.kind).toMatch(expected);
});

test("a file of an older or a later version of the same format opens, and events come in pages", async () => {
  const digest = "sha256:ef";
  const said = event(701, { contents: { [digest]: "Book it." }, later: true });
  const parsed = parseRunFile(JSON.stringify({ ...file, events: [...events, said], more: 1 }));
  if (parsed.kind === "refused") throw new Error(parsed.why);
  const source = createFileSource(parsed.file satisfies RunFile, "run.json");
  expect(source.isLive).toBe(false);
  const first = await source.readEvents(0);
  expect([first.events.length, first.next]).toEqual([500, 500]);
  const rest = await source.readEvents(500);
  expect([rest.events.length, rest.next]).toEqual([201, null]);
  expect(rest.events.at(-1)!.event).not.toHaveProperty("contents");
  expect((await source.readEvents(701)).events).toEqual([]);
  expect(await source.readContent(digest)).toBe("Book it.");
  expect(await source.readContent("sha256:00")).toBeNull();
  expect(await source.readContext(0)).toBeNull();
  expect(await source.readExplanation()).toBeNull();
});
