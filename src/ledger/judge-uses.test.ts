import { expect, test } from "vitest";
import {
  toDigest,
  toEntryBytes,
  toUuidV7,
  type ApprovalId,
  type EntryId,
  type TenantId,
} from "../model/index.ts";
import { createUseJudge } from "./judge-uses.ts";

const tenant = "acme" as TenantId;
let made = 0;
const toId = () =>
  toUuidV7(
    1,
    Uint8Array.from({ length: 10 }, () => (made += 1) % 256),
  );
const approval = toId() as ApprovalId;
const leaf = () => ({ v: 1, id: toId() as EntryId, tenant, atMs: 1 }) as const;

function verdict(word: "approved" | "denied"): Uint8Array {
  const of = { on: "approval", approval, intent: toDigest("an intent") } as const;
  return toEntryBytes({
    kind: "verdict",
    ...leaf(),
    ...of,
    word,
    by: toDigest("somebody"),
    passkey: null,
  });
}

function intent(text: string, of: ApprovalId | null): Uint8Array {
  return toEntryBytes({
    kind: "intent",
    ...leaf(),
    run: null,
    previous: null,
    server: "mail",
    tool: "send",
    intent: toDigest(text),
    decision: { kind: of === null ? "allow" : "ask", policy: toDigest("policy"), rules: [] },
    approval: of,
    credential: null,
  });
}

const judgeAll = (entries: readonly Uint8Array[]) => {
  const judge = createUseJudge();
  return entries.map((bytes) => judge.judge(bytes));
};

test("I3: an approval that was put back and used again is named", () => {
  const once = [verdict("approved"), intent("an intent", approval), intent("goes on", approval)];
  expect(judgeAll(once)).toEqual([null, null, null]);
  const again = judgeAll([...once, intent("an intent", approval)]);
  expect(again.slice(0, 3)).toEqual([null, null, null]);
  expect(again[3]).toContain(`${approval} was used for this intent before`);
});

test("I3: an approval that was denied, put back and used is named", () => {
  const entries = [verdict("denied"), verdict("approved"), intent("an intent", approval)];
  expect(judgeAll(entries)).toEqual([
    null,
    null,
    `Approval ${approval} was denied before, and then used.`,
  ]);
});

test("what names no approval, and what is no entry, is not judged here", () => {
  const broken = Buffer.from('{"approval":"x", not JSON');
  expect(judgeAll([intent("a", null), intent("a", null), broken])).toEqual([null, null, null]);
});
