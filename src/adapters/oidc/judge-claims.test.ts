import { expect, test } from "vitest";
import type { TenantId } from "../../model/index.ts";
import { issuerDefaults, type Issuer } from "./issuer.ts";
import { judgeClaims } from "./judge-claims.ts";
import type { Claims } from "./read-token.ts";

const nowMs = 1_900_000_000_000;
const audience = "https://gate.example/mcp";

function judge(given: Claims, rules: Partial<Issuer> = {}) {
  const issuer: Issuer = {
    ...issuerDefaults,
    issuer: "https://idp.example/realms/one",
    audiences: [audience, `${audience}/travel`],
    tenant: { by: "fixed", tenant: "acme" as TenantId },
    ...rules,
  };
  const claims = { sub: "alice", aud: audience, exp: nowMs / 1_000 + 60, ...given };
  const bounds = { nowMs, skewMs: 0, maxLifetimeMs: 3_600_000 };
  return judgeClaims({ type: "at+jwt", claims }, issuer, bounds);
}

test("the audiences that are said are ours, and only those", () => {
  const aud = [`${audience}/travel`, "https://elsewhere.example", audience];
  expect(judge({ aud })).toMatchObject({ audiences: [`${audience}/travel`, audience] });
  expect(judge({ aud: `${audience}/travel` })).toMatchObject({ audiences: [`${audience}/travel`] });
});

test("a client that is its own subject is a service, whatever claim names it", () => {
  const kindOf = (claims: Claims, rules?: Partial<Issuer>) => {
    const verdict = judge(claims, rules);
    return verdict.kind === "proven" ? verdict.principal.kind : verdict.why;
  };
  expect(kindOf({})).toBe("user");
  expect(kindOf({ client_id: "app" })).toBe("user");
  expect(kindOf({ sub: "app", client_id: "app" })).toBe("service");
  expect(kindOf({ sub: "app", azp: "app" })).toBe("service");
  expect(kindOf({}, { kind: { by: "fixed", kind: "service" } })).toBe("service");

  const byClaim = { kind: { by: "claim", claim: "idtyp", service: ["app"] } } as const;
  expect(kindOf({ idtyp: "app" }, byClaim)).toBe("service");
  expect(kindOf({ idtyp: "user" }, byClaim)).toBe("user");
  expect(kindOf({ idtyp: ["app"] }, byClaim)).toBe("user");
  expect(kindOf({ sub: "app", client_id: "app" }, byClaim)).toBe("user");
});

test("roles come from the one claim that is named, by its name or by a pointer", () => {
  const rolesOf = (claims: Claims, rolesClaim: string | null) => {
    const verdict = judge(claims, { rolesClaim });
    return verdict.kind === "proven" ? verdict.roles : verdict.why;
  };
  const nested = { realm_access: { roles: ["approver", "caller"] }, roles: ["admin"] };
  expect(rolesOf(nested, "/realm_access/roles")).toEqual(["approver", "caller"]);
  expect(rolesOf(nested, "roles")).toEqual(["admin"]);
  expect(rolesOf(nested, null)).toEqual([]);
  expect(rolesOf(nested, "realm_access.roles")).toEqual([]);
  expect(rolesOf({ "https://x.example/roles": "one" }, "https://x.example/roles")).toEqual(["one"]);
  expect(rolesOf({ "a/b": { "~": ["deep"] } }, "/a~1b/~0")).toEqual(["deep"]);
  expect(rolesOf({}, "/constructor/name")).toEqual([]);
  expect(rolesOf({}, "constructor")).toEqual([]);
  // One text is one role: an issuer that means more writes a list.
  expect(rolesOf({ roles: "approver admin" }, "roles")).toEqual(["approver admin"]);
  for (const roles of [7, null, ["a", 7], [["a"]], { a: true }, ["a\n"], ""])
    expect(rolesOf({ roles }, "roles"), JSON.stringify(roles)).toBe("claims");
});

test("scopes are read in both ways that issuers write them, and a missing one is said as such", () => {
  expect(judge({ scope: "calls  admin" })).toMatchObject({ scopes: ["calls", "admin"] });
  expect(judge({ scp: ["calls", "admin"] })).toMatchObject({ scopes: ["calls", "admin"] });
  expect(judge({ scp: "calls" })).toMatchObject({ scopes: ["calls"] });
  expect(judge({})).toMatchObject({ scopes: [] });
  const needed = { requiredScopes: ["calls", "admin"] };
  expect(judge({ scope: "admin calls extra" }, needed)).toMatchObject({ kind: "proven" });
  for (const scope of ["calls", "callsadmin", "CALLS ADMIN", ""])
    expect(judge({ scope }, needed)).toMatchObject({ kind: "refused", why: "scope" });
  for (const scope of ['a"b', "a\\b", "a\tb", "ä"])
    expect(judge({ scope })).toMatchObject({ kind: "refused", why: "claims" });
});

test("a subject by address needs an issuer that verified the address", () => {
  const byEmail = { subjectClaim: "email" };
  const email = "alice@acme.example";
  expect(judge({ email, email_verified: true }, byEmail)).toMatchObject({
    principal: { subject: `https://idp.example/realms/one#${email}` },
  });
  for (const verified of [{}, { email_verified: false }, { email_verified: "true" }])
    expect(judge({ email, ...verified }, byEmail)).toMatchObject({ why: "claims" });
});
