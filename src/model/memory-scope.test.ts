import { expect, test } from "vitest";
import { toDigest, type Principal, type TenantId } from "./index.ts";
import { toMemoryScope } from "./memory-scope.ts";

const make = (changes: Partial<Principal> & { readonly agent?: string }): Principal => {
  const { agent, ...rest } = changes;
  const actor = agent === undefined ? null : { agent, bundle: toDigest("bundle") };
  return { tenant: "default" as TenantId, kind: "user", subject: "ann", actor, ...rest };
};

test("an agent that is shared has one for all its subjects, and in all its bundles", () => {
  const shared = ["desk"];
  expect(toMemoryScope(make({ agent: "desk" }), shared)).toBe("agent:desk");
  expect(toMemoryScope(make({ agent: "desk", subject: "bob" }), shared)).toBe("agent:desk");
  const other = { ...make({ agent: "desk" }), actor: { agent: "desk", bundle: toDigest("next") } };
  expect(toMemoryScope(other, [])).toBe(toMemoryScope(make({ agent: "desk" }), []));
});

test("everybody else has one of their own", () => {
  const principals = [
    make({}),
    make({ subject: "bob" }),
    make({ kind: "service" }),
    make({ agent: "desk" }),
    make({ agent: "clerk" }),
    make({ agent: "desk", subject: "bob" }),
    make({ subject: "agent:clerk" }),
  ];
  const scopes = principals.map((each) => toMemoryScope(each, ["other"]));
  expect(new Set(scopes).size).toBe(principals.length);
  expect(scopes.every((scope) => /^subject:[0-9a-f]{64}$/.test(scope))).toBe(true);
});
