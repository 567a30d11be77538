import type { Json } from "../../lib/strict-json.ts";
import { deepFreeze } from "../../lib/deep-freeze.ts";
import { principalSchema, type Principal, type TenantId } from "../../model/index.ts";
import { isScope } from "../../model/scope.ts";
import type { ProvenToken, RefusedToken, TokenVerdict } from "../../ports/token-verifier.ts";
import type { Issuer } from "./issuer.ts";
import { judgeTimes, type TimeBounds } from "./judge-times.ts";
import { isPlainName, readNames, toClaim } from "./read-claim.ts";
import type { Claims, ReadToken } from "./read-token.ts";
import { refuse } from "./refuse.ts";

/** What a token says whose signature was checked; says the same of the same token at the same time. */
export function judgeClaims(
  { type, claims }: Pick<ReadToken, "type" | "claims">,
  issuer: Issuer,
  bounds: TimeBounds,
): TokenVerdict {
  const strange = findStrange(type, claims, issuer);
  if (strange !== null) return refuse("claims", strange);
  const audiences = readNames(claims["aud"])?.filter((each) => issuer.audiences.includes(each));
  if (audiences === undefined || audiences.length === 0) {
    return refuse("audience", "The token was not issued for this resource.");
  }
  const times = judgeTimes(claims, bounds);
  if (times.kind === "refused") return times;
  const principal = toPrincipal(claims, issuer);
  if (principal.kind === "refused") return principal;
  return judgeRights(claims, issuer, {
    principal,
    audiences,
    expiresAtMs: times.expiresAtMs,
  });
}

/** Tokens for another purpose, signed by the same keys, and tokens that are bound to more than this checks. */
function findStrange(type: string | null, claims: Claims, issuer: Issuer): string | null {
  const actual = type ?? "jwt";
  if (!issuer.types.some((each) => each === actual)) {
    return "The token is not of a type that is accepted from its issuer.";
  }
  const isOther = (name: string): boolean => claims[name] !== undefined;
  if (
    actual !== "at+jwt" &&
    (["nonce", "at_hash", "c_hash"].some(isOther) || claims["typ"] === "ID")
  ) {
    return "The token is an ID token: it says who logged in and gives no access.";
  }
  if (isOther("events")) return "The token is a security event and gives no access.";
  // Taken as a plain bearer token it would lose the protection that its owner asked for.
  if (isOther("cnf")) return "The token is bound to a key, and proof of that key is not read here.";
  // Ignored, an agent would pass for its user; believed, any issuer could name our agents.
  if (isOther("act"))
    return "The token names an actor, which is read in our own agents' tokens only.";
  return null;
}

type Named = Principal | RefusedToken;

function toPrincipal(claims: Claims, issuer: Issuer): Named {
  const tenant = toTenant(claims, issuer);
  if (tenant === null)
    return refuse("claims", "The token belongs to no tenant that is known here.");
  const subject = toClaim(claims, issuer.subjectClaim);
  if (!isPlainName(subject)) {
    return refuse("claims", "The token has no subject that can be used as a name.");
  }
  // Whoever may write any address into a directory would otherwise be whoever it belongs to.
  if (issuer.subjectClaim === "email" && claims["email_verified"] !== true) {
    return refuse("claims", "The token's subject is an address that its issuer did not verify.");
  }
  const parsed = principalSchema.safeParse({
    tenant,
    kind: toKind(claims, issuer),
    // An issuer has no `#` in it: two issuers' subjects are never one name.
    subject: `${issuer.issuer}#${subject}`,
    actor: null,
  });
  return parsed.success ? parsed.data : refuse("claims", "The token's subject is too long a name.");
}

function toTenant(claims: Claims, { tenant: rule }: Issuer): TenantId | null {
  if (rule.by === "fixed") return rule.tenant;
  const value = toClaim(claims, rule.claim);
  return typeof value === "string" && Object.hasOwn(rule.map, value) ? rule.map[value]! : null;
}

function toKind(claims: Claims, { kind: rule }: Issuer): "user" | "service" {
  if (rule.by === "fixed") return rule.kind;
  const isService =
    rule.by === "claim"
      ? rule.service.some((each) => each === toClaim(claims, rule.claim))
      : isOwnClient(claims);
  return isService ? "service" : "user";
}

function isOwnClient({ sub, client_id: client, azp }: Claims): boolean {
  return typeof sub === "string" && (sub === client || sub === azp);
}

type Settled = Pick<ProvenToken, "principal" | "audiences" | "expiresAtMs">;

function judgeRights(claims: Claims, issuer: Issuer, settled: Settled): TokenVerdict {
  const scopes = readScopes(claims["scope"] ?? claims["scp"]);
  if (scopes === null) return refuse("claims", "The token's scopes cannot be read.");
  const roles = readRoles(claims, issuer);
  if (roles === null) return refuse("claims", "The token's roles cannot be read.");
  const id = claims["jti"] ?? null;
  if (id !== null && !isPlainName(id)) return refuse("claims", "The token's id cannot be read.");
  if (!issuer.requiredScopes.every((each) => scopes.includes(each))) {
    return refuse("scope", "The token lacks a scope that is needed here.");
  }
  return deepFreeze({ kind: "proven", issuer: issuer.issuer, ...settled, scopes, roles, id });
}

/** One text with spaces between (RFC 9068), or a list, which some issuers write. */
function readScopes(value: Json | undefined): readonly string[] | null {
  if (value === undefined) return [];
  const scopes =
    typeof value === "string" ? value.split(" ").filter((each) => each !== "") : readNames(value);
  return scopes?.every(isScope) === true ? scopes : null;
}

function readRoles(claims: Claims, { rolesClaim }: Issuer): readonly string[] | null {
  const value = rolesClaim === null ? undefined : toClaim(claims, rolesClaim);
  return value === undefined ? [] : readNames(value);
}
