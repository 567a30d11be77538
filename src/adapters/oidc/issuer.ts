import { tokenAlgorithms } from "../../model/config-issuers.ts";
import { Fault, type TenantId } from "../../model/index.ts";
import type { DialTls } from "../../ports/dialer.ts";

export type TokenAlgorithm = (typeof tokenAlgorithms)[number];

/**
 * An issuer whose access tokens are accepted, and what its claims mean here. A claim is named as it
 * stands at the top, or by a JSON Pointer (`/realm_access/roles`).
 */
export interface Issuer {
  /** Exactly as it stands in `iss` and in the issuer's metadata. */
  readonly issuer: string;
  /** Our resource identifiers; a token names one of them exactly. */
  readonly audiences: readonly string[];
  readonly algorithms: readonly TokenAlgorithm[];
  /** Whether its address may be private. Only then may it be plain http. */
  readonly private: boolean;
  /** An authority of its own, or a client certificate; null for what the system trusts. */
  readonly tls: DialTls | null;
  readonly tenant: TenantRule;
  readonly kind: KindRule;
  readonly subjectClaim: string;
  readonly rolesClaim: string | null;
  readonly requiredScopes: readonly string[];
  /** A token without a type counts as `jwt`. */
  readonly types: readonly ("at+jwt" | "jwt")[];
  /** Null: found in the issuer's metadata. */
  readonly jwksUri: string | null;
}

export type TenantRule =
  | { readonly by: "fixed"; readonly tenant: TenantId }
  | {
      readonly by: "claim";
      readonly claim: string;
      /** From the claim's value; one that is not in it has no tenant and is refused. */
      readonly map: Readonly<Record<string, TenantId>>;
    };

export type KindRule =
  /** RFC 9068: a client that acts for itself is its own subject (`sub` is `client_id` or `azp`). */
  | { readonly by: "client" }
  | { readonly by: "fixed"; readonly kind: "user" | "service" }
  /** A service where the claim has one of these values, else a user. */
  | { readonly by: "claim"; readonly claim: string; readonly service: readonly string[] };

export const issuerDefaults = Object.freeze({
  algorithms: Object.freeze(["RS256", "PS256", "ES256", "EdDSA"] as const),
  private: false,
  tls: null,
  kind: Object.freeze({ by: "client" } as const),
  subjectClaim: "sub",
  rolesClaim: null,
  requiredScopes: Object.freeze([] as const),
  types: Object.freeze(["at+jwt", "jwt"] as const),
  jwksUri: null,
}) satisfies Omit<Issuer, "issuer" | "audiences" | "tenant">;

/** Throws `config_invalid` for an issuer that could not be checked safely. */
export function checkIssuers(issuers: readonly Issuer[]): void {
  const seen = new Set<string>();
  for (const each of issuers) {
    const { issuer, audiences, algorithms, types, jwksUri } = each;
    if (seen.has(issuer)) throw invalid(issuer, "stands twice");
    seen.add(issuer);
    checkUrl(each, issuer);
    if (jwksUri !== null) checkUrl(each, jwksUri);
    if (audiences.length === 0 || audiences.includes("")) throw invalid(issuer, "has no audience");
    if (algorithms.length === 0) throw invalid(issuer, "has no algorithm");
    if (types.length === 0) throw invalid(issuer, "has no type of token");
    // A configuration that got past its schema must not open this door.
    const strange = algorithms.find((one) => !tokenAlgorithms.includes(one));
    if (strange !== undefined) throw invalid(issuer, `has ${strange}, which is no public-key one`);
  }
}

function checkUrl({ issuer, private: isPrivate }: Issuer, text: string): void {
  const url = URL.parse(text);
  if (url === null) throw invalid(issuer, "is not a URL, or its key set's is not");
  if (url.protocol !== "https:" && !(url.protocol === "http:" && isPrivate)) {
    throw invalid(issuer, "is not https; plain http needs private: true");
  }
  if (url.username !== "" || url.password !== "") throw invalid(issuer, "has a password in it");
  // Without a fragment in it, `issuer#subject` can be read in one way only.
  if (text.includes("#")) throw invalid(issuer, "has a fragment");
  if (text === issuer && text.includes("?")) throw invalid(issuer, "has a query");
}

function invalid(issuer: string, why: string): Fault {
  return new Fault("config_invalid", `The issuer ${issuer} ${why}.`, { details: { issuer } });
}
