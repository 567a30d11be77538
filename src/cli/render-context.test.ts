import { expect, test } from "vitest";
import type { RunContext } from "../client/client.ts";
import { toDigest } from "../model/index.ts";
import { renderContext } from "./render-context.ts";
import { createVoice } from "./voice.ts";

const { paint } = createVoice(
  { out: () => undefined, err: () => undefined, isInteractive: false, hasColor: false },
  false,
);
const digest = toDigest("x");
const part = { step: 0, ordinal: 0, name: null, digest, tokens: 9, new: false };

const given: RunContext = {
  id: "01900000-0000-7000-8000-000000000001",
  step: 2,
  at: "2026-11-21T10:00:00.000Z",
  snapshot: digest,
  parent: null,
  window: 1_000,
  share: 0.5,
  tokens: {
    instructions: 100,
    skills: 30,
    tools: 20,
    conversation: 300,
    sources: { orders: 50 },
    total: 500,
  },
  counted: { backend: "gpu", input: 480 },
  parts: [
    { ...part, kind: "source", name: "orders", tokens: 50, new: true },
    { ...part, kind: "input" },
  ],
  dropped: [{ kind: "source", step: 0, ordinal: 0, name: "orders", why: "superseded" }],
  summary: null,
};

test("a context is a table with a bar for each kind, and says what came in and what was left out", () => {
  expect(renderContext(given, paint).split("\n")).toEqual([
    "Context of run 01900000-0000-7000-8000-000000000001 at step 2",
    "  at        2026-11-21T10:00:00.000Z",
    `  snapshot  ${digest}`,
    "  after     none: it is the first",
    "  window    1000 tokens, 50.0 % taken",
    "  tokens    500 as estimated; gpu counted 480",
    "",
    "  instructions   100  10.0 %  |##..................|",
    "  skills         30   3.0 %   |#...................|",
    "  tools          20   2.0 %   |#...................|",
    "  source orders  50   5.0 %   |#...................|",
    "  conversation   300  30.0 %  |######..............|",
    "",
    "What stood in it",
    "  +  source orders  0.0  50",
    "     input          0.0  9",
    "",
    "What was left out since the snapshot before",
    "  source orders  0.0  superseded",
  ]);
});

test("a window that nobody knows, a backend that has not answered and a summary are said", () => {
  const summary = { upTo: 4, text: "It was\u001b[31m booked.\nThen paid.", ledger: null };
  const text = renderContext(
    { ...given, window: null, share: null, counted: null, dropped: [], summary },
    paint,
  );
  expect(text).toContain("window    not known: its bundle is gone");
  expect(text).toContain("500 as estimated; no backend has answered");
  expect(text).toContain("In the place of all before step 4\n  | It was");
  expect(text).toContain("\n  | Then paid.");
  expect(text).not.toContain("\u001b");
  expect(text).not.toContain("left out");
});
