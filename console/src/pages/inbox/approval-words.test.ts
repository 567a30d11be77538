import { expect, test } from "vitest";
import type { Approval } from "../../../../src/client/client.ts";
import {
  toApproverLine,
  toCountdown,
  toSentence,
  whyNotApprove,
  whyNotDeny,
  type Reader,
} from "./approval-words.ts";

const nowMs = Date.parse("2026-11-21T10:00:00Z");

const shownOnce: Approval = {
  id: "01900000-0000-7000-8000-000000000001",
  digest: `sha256:${"0f".repeat(32)}`,
  url: "http://localhost/approvals/1",
  state: "pending",
  server: "bank",
  tool: "transfer",
  method: "tools/call",
  target: "bank__transfer",
  toolset: "",
  effect: "write",
  outward: false,
  labels: [],
  description: null,
  rules: [],
  approvers: [{ who: "role:finance", quorum: 2, passkey: false, have: 1 }],
  requester: { kind: "user", subject: "grace", agent: "assistant" },
  claim: null,
  args: {},
  facts: [],
  lastApproved: null,
  reach: null,
  verdicts: [],
  createdAt: "2026-11-21T09:58:00Z",
  expiresAt: "2026-11-21T10:04:05Z",
  holds: true,
  erased: false,
};
const ada: Reader = { name: "ada", roleReason: null, hasPasskeys: true, enrolled: 1 };
const calm = { nowMs, isBusy: false, isFolded: false };
const signed = [{ who: "role:finance", quorum: 1, passkey: true, have: 0 }];
const yes = { word: "approved", reason: null, at: "2026-11-21T09:59:00Z", passkey: false } as const;

test("an ordinary one can be approved and denied", () => {
  expect(whyNotApprove(shownOnce, ada, calm)).toBeNull();
  expect(whyNotDeny(shownOnce, ada, calm)).toBeNull();
});

test.each<[string, Partial<Approval>, Partial<Reader & typeof calm>, string, boolean]>([
  ["denied", { state: "denied" }, {}, "It was denied.", false],
  ["used", { state: "consumed" }, {}, "It was approved, and used.", false],
  ["late", { expiresAt: "2026-11-21T10:00:00Z" }, {}, "It has run out", false],
  ["without a time", { expiresAt: "never" }, {}, "It has run out", false],
  [
    "of one's own",
    { requester: { ...shownOnce.requester, subject: "user:ada" } },
    {},
    "own",
    false,
  ],
  ["agreed to", { verdicts: [{ ...yes, approver: "service:ada" }] }, {}, "agreed already", false],
  ["for a role", {}, { roleReason: "This takes the role approver." }, "takes the role", false],
  ["for somebody", { approvers: [{ ...signed[0]!, who: "user:linus" }] }, {}, "by linus.", false],
  ["for its client", { approvers: [{ ...signed[0]!, who: "self" }] }, {}, "its own client", false],
  ["under way", {}, { isBusy: true }, "One moment", false],
  ["erased", { erased: true, args: null }, {}, "has been erased", true],
  ["too large", { args: null }, {}, "too large to be kept", true],
  ["changed since", { holds: false }, {}, "has changed since", true],
  ["folded", {}, { isFolded: true }, "Not all of the arguments are shown yet.", true],
  ["for a passkey", { approvers: signed }, { hasPasskeys: false }, "this browser has none", true],
  ["for a first passkey", { approvers: signed }, { enrolled: 0 }, "you have none", true],
])("what is %s cannot be approved, and says why", (_, changes, given, words, mayDeny) => {
  const shown = { ...shownOnce, ...changes };
  const [reader, state] = [
    { ...ada, ...given },
    { ...calm, ...given },
  ];
  expect(whyNotApprove(shown, reader, state)).toContain(words);
  expect(whyNotDeny(shown, reader, state) === null).toBe(mayDeny);
});

test("the sentence keeps apart what is said and what is quoted", () => {
  const parts = toSentence({ ...shownOnce, tool: null, method: "resources/read", target: "a://b" });
  expect(parts.map(({ text }) => text).join("")).toBe(
    "assistant for grace wants to read a://b of bank.",
  );
  expect(parts.filter(({ quoted }) => quoted).map(({ text }) => text)).toEqual([
    "assistant",
    "grace",
    "a://b",
    "bank",
  ]);
});

test.each([
  ["2026-11-21T10:04:05Z", "4 min 05 s"],
  ["2026-11-21T10:00:00.001Z", "1 s"],
  ["2026-11-21T12:30:00Z", "2 h 30 min"],
  ["2026-11-23T13:00:00Z", "2 d 3 h"],
  ["2026-11-21T10:00:00Z", null],
])("until %s it is %s", (at, words) => {
  expect(toCountdown(at, nowMs)).toBe(words);
});

test.each([
  ["role:approver", 1, "any approver"],
  ["role:finance", 2, "2 of: anybody with the role finance"],
  ["user:linus", 1, "linus"],
])("%s with a quorum of %d", (who, quorum, words) => {
  expect(toApproverLine({ who, quorum, passkey: false, have: 0 })).toBe(words);
});
