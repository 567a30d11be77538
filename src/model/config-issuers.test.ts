import { expect, test } from "vitest";
import { configSchema } from "./config.ts";

const corp = { issuer: "https://idp.example" };

/** The place of the first complaint, or null. */
function complain(given: Record<string, unknown>, more: Record<string, unknown> = {}) {
  const parsed = configSchema.safeParse({
    version: 1,
    auth: { issuers: { corp: given } },
    ...more,
  });
  return parsed.success ? null : parsed.error.issues[0]!.path.slice(3).join(".");
}

test("an issuer needs nothing but its name, and opens nothing of the API by itself", () => {
  const { auth } = configSchema.parse({ version: 1, auth: { issuers: { corp } } });
  expect(auth.issuers["corp"]).toEqual({
    issuer: "https://idp.example",
    audiences: [],
    algorithms: ["RS256", "PS256", "ES256", "EdDSA"],
    private: false,
    tenant: "default",
    kind: "client",
    subjectClaim: "sub",
    access: { viewer: [], operator: [], auditor: [], approver: [], admin: [] },
    requiredScopes: [],
  });
});

test.each([
  ["issuer", { issuer: "idp.example" }],
  ["issuer", { issuer: "http://idp.example" }],
  ["issuer", { issuer: "ftp://idp.example", private: true }],
  ["issuer", { issuer: "https://user:pass@idp.example" }],
  ["issuer", { issuer: "https://idp.example/?a=b" }],
  ["issuer", { issuer: "https://idp.example/#a" }],
  ["issuer", { issuer: "https://idp.example/#" }],
  ["jwksUri", { ...corp, jwksUri: "http://idp.example/jwks" }],
  ["algorithms.0", { ...corp, algorithms: ["none"] }],
  ["algorithms.1", { ...corp, algorithms: ["RS256", "HS256"] }],
  ["algorithms", { ...corp, algorithms: [] }],
  ["tenants", { ...corp, tenantClaim: "org" }],
  ["tenants", { ...corp, tenants: { a: "acme" } }],
  ["tenant", { ...corp, tenant: "acme", tenantClaim: "org", tenants: { a: "acme" } }],
  ["tenant", { ...corp, tenant: "Not A Tenant" }],
  ["services", { ...corp, kind: "user", services: { claim: "typ", values: ["bot"] } }],
  ["requiredScopes.0", { ...corp, requiredScopes: ["two words"] }],
  ["subjectClaim", { ...corp, subjectClaim: "a\nb" }],
])("%s is complained of in %j", (place, given) => {
  expect(complain(given)).toBe(place);
});

test("what may be plain http says that it is private", () => {
  expect(complain({ issuer: "http://keycloak.auth.svc:8080", private: true })).toBe(null);
  expect(complain({ ...corp, jwksUri: "https://idp.example/jwks?v=1" })).toBe(null);
});

test("one issuer stands under one name, and the public URL is an origin as clients write it", () => {
  const twice = { version: 1, auth: { issuers: { one: corp, two: corp } } };
  expect(configSchema.safeParse(twice).success).toBe(false);
  for (const publicUrl of [
    "https://gate.example",
    "https://gate.example:8443",
    "http://[::1]:7070",
  ])
    expect(complain(corp, { publicUrl })).toBe(null);
  for (const publicUrl of [
    "https://gate.example/",
    "https://gate.example/path",
    "https://gate.example:443",
    "HTTPS://gate.example",
    "gate.example",
  ])
    expect([publicUrl, complain(corp, { publicUrl })]).toEqual([publicUrl, ""]);
});
