import { apiPlace } from "../mcp/place.ts";
import type { ProvenToken } from "../ports/token-verifier.ts";
import type { KeyHolder, Role } from "./keyring.ts";

/** What an issuer's tokens may be used for here. */
export interface TokenRule {
  /** Audiences that stand for this whole server. */
  readonly audiences: readonly string[];
  /** Claimed roles that give a role of the API. */
  readonly access: Readonly<Record<ClaimedAccess, readonly string[]>>;
  readonly toolsets: readonly string[] | null;
}

export type ClaimedAccess = Exclude<Role, "caller">;

export interface TokenHoldersOptions {
  readonly publicUrl: string;
  /** By issuer; tokens of one that is not here, our agents', call tools and do nothing else. */
  readonly rules: ReadonlyMap<string, TokenRule>;
}

/** From a proven token to its holder: once a token, however often it comes. */
export function createTokenHolders(
  options: TokenHoldersOptions,
): (proven: ProvenToken) => KeyHolder {
  const known = new WeakMap<ProvenToken, KeyHolder>();
  return (proven) => {
    const found = known.get(proven);
    if (found !== undefined) return found;
    const holder = toHolder(proven, options);
    known.set(proven, holder);
    return holder;
  };
}

function toHolder(proven: ProvenToken, { publicUrl, rules }: TokenHoldersOptions): KeyHolder {
  const { principal, scopes, roles, audiences, expiresAtMs } = proven;
  const rule = rules.get(proven.issuer);
  const opensAll = audiences.some((each) => rule?.audiences.includes(each) === true);
  const access = toAccess(proven, rule);
  const { tenant, kind, subject } = principal;
  return Object.freeze({
    id: toId(proven),
    access,
    principal,
    approves: access.includes("approver")
      ? Object.freeze({ tenant, subject: `${kind}:${subject}` })
      : null,
    roles,
    toolsets: rule?.toolsets ?? null,
    opens: opensAll ? null : new Set(audiences.map((each) => toOpened(each, publicUrl))),
    proof: Object.freeze({ scopes, audiences, expiresAtMs }),
  });
}

/** Clients that make a URL of an origin end it with a slash. */
function toOpened(audience: string, publicUrl: string): string {
  const place = audience.slice(publicUrl.length);
  return place === "/" ? apiPlace : place;
}

function toId({ principal: { subject, actor } }: ProvenToken): string {
  return actor === null ? subject : `${subject} by ${actor.agent}@${actor.bundle}`;
}

const claimable = ["viewer", "operator", "auditor", "approver", "admin"] as const;

/**
 * The API configures the whole installation, so only its own tenant's people use more of it than
 * calling tools. Whoever configures does not approve: where both are claimed, neither holds.
 */
function toAccess({ principal, roles }: ProvenToken, rule: TokenRule | undefined): readonly Role[] {
  const isOurs = principal.tenant === "default" && principal.actor === null;
  if (rule === undefined || !isOurs) return ["caller"];
  const given = claimable.filter((role) => rule.access[role].some((each) => roles.includes(each)));
  const hasBoth = given.includes("admin") && given.includes("approver");
  const kept = hasBoth ? given.filter((role) => role !== "admin" && role !== "approver") : given;
  return Object.freeze(["caller", ...kept] as const);
}
