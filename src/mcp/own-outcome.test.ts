import { expect, test } from "vitest";
import type { GateAnswer } from "../ports/gate.ts";
import { outcomeKey, readOwnOutcome, toHandedText } from "./own-outcome.ts";

const approval = "018bcfe5-6800-7101-8101-010101010101";
const said = (meta: unknown, more: object = {}): GateAnswer => ({
  kind: "result",
  text: JSON.stringify({ content: [], isError: true, _meta: { [outcomeKey]: meta } }),
  isError: true,
  ...more,
});

test("what the gate said of a call is read with all that stands there", () => {
  const url = `https://up.example/approve/${approval}`;
  const asks = {
    outcome: "asks",
    rule: null,
    approval,
    url,
    expiresAt: "2026-01-01T00:00:00.000Z",
  };
  expect(readOwnOutcome(said(asks, { outcome: "asks" }))).toEqual({
    outcome: "asks",
    approval,
    url,
    expiresAtMs: Date.UTC(2026, 0, 1),
  });
  const unknown = { outcome: "unknown", call: approval, remedy: "resolve" };
  expect(readOwnOutcome(said(unknown, { outcome: "unknown" }))).toEqual({
    outcome: "unknown",
    call: approval,
  });
});

test("what a server says of itself is not read, whatever it looks like", () => {
  expect(readOwnOutcome(said({ outcome: "asks", approval }))).toBeNull();
  const data = { outcome: "asks", approval };
  expect(readOwnOutcome({ kind: "error", error: { code: 4_030, message: "no", data } })).toBeNull();
});

test.each([[null], ["asks"], [[]], [{ approval: 7, expiresAt: "soon", url: null, call: {} }]])(
  "what is not as it should be is left out: %j",
  (meta) => {
    expect(readOwnOutcome(said(meta, { outcome: "denied" }))).toEqual({ outcome: "denied" });
  },
);

test("the words of an answer are its text, of an error its message", () => {
  expect(toHandedText({ kind: "result", text: '{"a": 1}', isError: false })).toBe('{"a": 1}');
  expect(toHandedText({ kind: "error", error: { code: 1, message: "no such thing" } })).toBe(
    "no such thing",
  );
});
