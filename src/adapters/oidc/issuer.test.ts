import { expect, test } from "vitest";
import type { TenantId } from "../../model/index.ts";
import { checkIssuers, issuerDefaults, type Issuer } from "./issuer.ts";

function toIssuer(given: Partial<Issuer> = {}): Issuer {
  return {
    ...issuerDefaults,
    issuer: "https://idp.example/realms/one",
    audiences: ["https://gate.example/mcp"],
    tenant: { by: "fixed", tenant: "acme" as TenantId },
    ...given,
  };
}

test("an issuer that could not be checked safely is refused at the start", () => {
  expect(() => checkIssuers([])).not.toThrow();
  expect(() =>
    checkIssuers([toIssuer(), toIssuer({ issuer: "https://b.example/" })]),
  ).not.toThrow();
  expect(() =>
    checkIssuers([toIssuer({ issuer: "http://keycloak.auth.svc:8080", private: true })]),
  ).not.toThrow();
  const wrong: readonly Partial<Issuer>[] = [
    { issuer: "idp.example" },
    { issuer: "http://idp.example" },
    { issuer: "ftp://idp.example", private: true },
    { issuer: "https://user:pass@idp.example" },
    { issuer: "https://idp.example/#a" },
    { issuer: "https://idp.example/#" },
    { issuer: "https://idp.example/?a=b" },
    { jwksUri: "http://idp.example/jwks" },
    { jwksUri: "nowhere" },
    { audiences: [] },
    { audiences: [""] },
    { algorithms: [] },
    { types: [] },
    ...["none", "HS256", "HS512", "rs256", "dir", "A128KW"].map((one) => ({
      algorithms: ["RS256", one] as Issuer["algorithms"],
    })),
  ];
  for (const given of wrong)
    expect(() => checkIssuers([toIssuer(given)]), JSON.stringify(given)).toThrow(
      expect.objectContaining({ code: "config_invalid" }),
    );
  expect(() => checkIssuers([toIssuer(), toIssuer()])).toThrow(/twice/);
});
