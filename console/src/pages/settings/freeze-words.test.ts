import { expect, test } from "vitest";
import { frozenSchema } from "../../../../src/model/freeze.ts";
import {
  findFault,
  freezeKindWords,
  longestReason,
  sortFreezes,
  toFreezeBody,
  type Freeze,
} from "./freeze-words.ts";

test("what may be sent is what the API takes, for each kind", () => {
  for (const { kind, names } of freezeKindWords) {
    const draft = { kind, name: "mail__send ", reason: " seen twice" };
    expect([kind, findFault(draft)]).toEqual([kind, null]);
    const { reason, ...frozen } = JSON.parse(toFreezeBody(draft)) as Record<string, unknown>;
    expect(reason).toBe("seen twice");
    expect(frozenSchema.safeParse(frozen)).toMatchObject({
      success: true,
      data: { kind, name: names === null ? "" : "mail__send" },
    });
  }
});

test.each([
  [{ kind: "server", name: " ", reason: "a" }, /which server/],
  [{ kind: "tool", name: "send", reason: "a" }, /server__tool/],
  [{ kind: "tenant", name: "", reason: " " }, /Say why/],
  [{ kind: "all", name: "", reason: "a".repeat(longestReason + 1) }, /at most 1000/],
] as const)("%j cannot be sent, and says why", (draft, why) => {
  expect(findFault(draft)).toMatch(why);
});

test("what holds now stands before what was lifted", () => {
  const toFreeze = (name: string, isLifted: boolean): Freeze => ({
    kind: "agent",
    name,
    reason: "a",
    by: "ada",
    at: "2026-01-01T00:00:00Z",
    lifted: isLifted
      ? {
          by: "ada",
          at: "2026-01-02T00:00:00Z",
        }
      : null,
  });
  const freezes = [toFreeze("a", true), toFreeze("b", false), toFreeze("c", true)];
  expect(sortFreezes(freezes).map(({ name }) => name)).toEqual(["b", "a", "c"]);
});
