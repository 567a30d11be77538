import { z } from "zod";
import { deepFreeze } from "../../lib/deep-freeze.ts";
import { digestSchema, principalSchema, tenantIdSchema } from "../../model/index.ts";
import type { Actor } from "../../ports/token-exchange.ts";
import type { ProvenToken, RefusedToken, TokenVerdict } from "../../ports/token-verifier.ts";
import { isPlainName } from "./read-claim.ts";
import type { Claims } from "./read-token.ts";
import { refuse } from "./refuse.ts";

/** DESIGN 6.4: long enough for a step of a run, short enough that nobody needs to revoke one. */
export const maxAgentTokenMs = 300_000;

/** What is in an agent's token (RFC 8693, RFC 9068), and nothing else: no actor behind the actor. */
const agentClaimsSchema = z.strictObject({
  iss: z.string(),
  /** The principal's subject, whole. */
  sub: z.string(),
  aud: z.string(),
  tenant: tenantIdSchema,
  kind: z.enum(["user", "service"]),
  act: z.strictObject({ sub: z.string() }),
  /** RFC 9068 asks who the token was issued to: the actor. */
  client_id: z.string(),
  scope: z.string().optional(),
  /** RFC 9068 §2.2.3.1: the subject's, so that a policy which forbids it something forbids the agent. */
  roles: z.array(z.string().refine(isPlainName)).optional(),
  iat: z.int().nonnegative(),
  exp: z.int().nonnegative(),
  jti: z.string(),
});
export type AgentClaims = z.infer<typeof agentClaimsSchema>;

/** A digest has no `@` in it, so the last one ends the agent's name. */
export function toActorName({ agent, bundle }: Actor): string {
  return `${agent}@${bundle}`;
}

function fromActorName(name: string): Actor | null {
  const at = name.lastIndexOf("@");
  const bundle = digestSchema.safeParse(name.slice(at + 1));
  const agent = name.slice(0, Math.max(at, 0));
  return bundle.success && isPlainName(agent) ? { agent, bundle: bundle.data } : null;
}

export interface AgentBounds {
  readonly accepts: readonly string[];
  readonly nowMs: number;
  readonly skewMs: number;
}

/** What one of our tokens says; only ever asked after its signature was checked. */
export function judgeAgentClaims(claims: Claims, bounds: AgentBounds): TokenVerdict {
  const parsed = agentClaimsSchema.safeParse(claims);
  if (!parsed.success) return refuse("claims", "The token's claims are not those of an agent.");
  const { iss, aud, iat, exp, sub, tenant, kind, scope, roles = [], jti } = parsed.data;
  const { act, client_id: client } = parsed.data;
  if (!bounds.accepts.includes(aud)) {
    return refuse("audience", "The token was not issued for this resource.");
  }
  const times = judgeTimes({ iat, exp }, bounds);
  if (times !== null) return times;
  const actor = act.sub === client ? fromActorName(act.sub) : null;
  const principal = principalSchema.safeParse({ tenant, kind, subject: sub, actor });
  if (actor === null || !principal.success) {
    return refuse("claims", "The token does not say who acts for whom.");
  }
  const proven: ProvenToken = {
    kind: "proven",
    issuer: iss,
    principal: principal.data,
    scopes: scope === undefined ? [] : scope.split(" "),
    roles,
    audiences: [aud],
    expiresAtMs: exp * 1_000,
    id: jti,
  };
  return deepFreeze(proven);
}

function judgeTimes(
  { iat, exp }: Pick<AgentClaims, "iat" | "exp">,
  { nowMs, skewMs }: AgentBounds,
): RefusedToken | null {
  if (nowMs >= exp * 1_000) return refuse("expired", "The token has expired.");
  if (iat * 1_000 > nowMs + skewMs) return refuse("early", "The token is not valid yet.");
  return (exp - iat) * 1_000 > maxAgentTokenMs
    ? refuse("claims", "The token is good for longer than an agent's may be.")
    : null;
}
