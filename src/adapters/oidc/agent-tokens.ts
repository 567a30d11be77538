import type { KeyObject } from "node:crypto";
import { compactVerify, SignJWT } from "jose";
import { isScope } from "../../model/scope.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Random } from "../../ports/random.ts";
import { SecretValue } from "../../ports/secrets.ts";
import type {
  Exchange,
  ExchangeOutcome,
  ExchangeSubject,
  TokenExchange,
} from "../../ports/token-exchange.ts";
import type { TokenVerdict, TokenVerifier } from "../../ports/token-verifier.ts";
import {
  judgeAgentClaims,
  maxAgentTokenMs,
  toActorName,
  type AgentClaims,
} from "./agent-claims.ts";
import { toKeyRing, type KeyRing } from "./agent-keys.ts";
import { isPlainName } from "./read-claim.ts";
import { readToken } from "./read-token.ts";
import { refuse } from "./refuse.ts";
import { createVerdictCache, type VerdictCache } from "./verdict-cache.ts";

/** Agents' tokens: minted here, and verified like any other. */
export interface AgentTokens extends TokenVerifier, TokenExchange {
  readonly jwks: KeyRing["jwks"];
}

export interface AgentTokensOptions {
  /** Ed25519. The first signs, all verify; a key that is no longer here proves nothing any more. */
  readonly keys: readonly KeyObject[];
  readonly clock: Clock;
  readonly random: Random;
  readonly issuer: string;
  /** Audiences that a token may be minted for. */
  readonly mintsFor: readonly string[];
  /** Our own resource identifiers: a token for another audience is no good here. */
  readonly accepts: readonly string[];
  /** How far the clocks of two replicas may be apart. */
  readonly skewMs?: number;
  readonly cachedVerdicts?: number;
}

interface Parts extends AgentTokensOptions {
  readonly ring: KeyRing;
  readonly cache: VerdictCache;
}

export function createAgentTokens(options: AgentTokensOptions): AgentTokens {
  const { clock, cachedVerdicts = 10_000 } = options;
  const cache = createVerdictCache({ clock, capacity: cachedVerdicts });
  const parts: Parts = { ...options, ring: toKeyRing(options.keys), cache };
  return {
    jwks: parts.ring.jwks,
    exchange: (subject, asked) => exchange(subject, asked, parts),
    verify: (token) => verify(token, parts),
    recall: (token) => cache.recall(token),
  };
}

async function exchange(
  subject: ExchangeSubject,
  asked: Exchange,
  parts: Parts,
): Promise<ExchangeOutcome> {
  const refused = findRefusal(subject, asked, parts);
  if (refused !== null) return refused;
  const { clock, random, issuer, ring } = parts;
  const issuedAt = Math.floor(clock.nowMs() / 1_000);
  const untilMs = Math.min(issuedAt * 1_000 + maxAgentTokenMs, subject.expiresAtMs);
  const expiresAt = Math.floor(untilMs / 1_000);
  if (expiresAt * 1_000 <= clock.nowMs()) {
    return refuseExchange("expired", "What proves the subject has expired.");
  }
  const { tenant, kind, subject: sub } = subject.principal;
  const actor = toActorName(asked);
  const id = Buffer.from(random.bytes(16)).toString("base64url");
  const scope = subject.scopes.length === 0 ? {} : { scope: subject.scopes.join(" ") };
  const claims: AgentClaims = {
    iss: issuer,
    sub,
    tenant,
    kind,
    act: { sub: actor },
    client_id: actor,
    ...scope,
    ...(subject.roles.length === 0 ? {} : { roles: [...subject.roles] }),
    aud: asked.audience,
    iat: issuedAt,
    exp: expiresAt,
    jti: id,
  };
  const text = await new SignJWT(claims)
    .setProtectedHeader({ alg: "EdDSA", kid: ring.signing.id, typ: "at+jwt" })
    .sign(ring.signing.key);
  return { kind: "minted", token: new SecretValue(text), id, expiresAtMs: expiresAt * 1_000 };
}

/** An agent may renew what it has, and neither hand it on, nor turn it to another place. */
function findRefusal(
  { principal, audiences, scopes, roles }: ExchangeSubject,
  asked: Exchange,
  { mintsFor }: Parts,
): ExchangeOutcome | null {
  const { actor } = principal;
  if (!isPlainName(asked.agent)) {
    return refuseExchange("claims", "The agent's name cannot be used as one.");
  }
  // One with a space in it would come back as two.
  if (!scopes.every(isScope)) return refuseExchange("claims", "A scope cannot be used as one.");
  // A token with it would be refused wherever it is shown.
  if (!roles.every(isPlainName)) return refuseExchange("claims", "A role cannot be used as one.");
  if (actor !== null && (actor.agent !== asked.agent || actor.bundle !== asked.bundle)) {
    return refuseExchange("actor", "One agent's token is not exchanged for another's.");
  }
  if (!mintsFor.includes(asked.audience)) {
    return refuseExchange("audience", "Agents' tokens are not issued for this audience.");
  }
  return actor !== null && !audiences.includes(asked.audience)
    ? refuseExchange("audience", "An agent's token is exchanged for its own audience only.")
    : null;
}

async function verify(token: string, parts: Parts): Promise<TokenVerdict> {
  const { issuer, ring, cache, clock, accepts, skewMs = 5_000 } = parts;
  const read = readToken(token);
  if (read.kind === "refused") return read;
  if (read.claims["iss"] !== issuer) {
    return refuse("issuer", "The token's issuer is not trusted here.");
  }
  if (read.algorithm !== "EdDSA") {
    return refuse("algorithm", "The token is signed in a way that is not accepted.");
  }
  const key = read.keyId === null ? undefined : ring.verifying.get(read.keyId);
  if (key === undefined) return refuse("signature", "The token's issuer has no such key.");
  if (!(await isSignedBy(token, key))) {
    return refuse("signature", "The token is not signed by its issuer.");
  }
  if (read.type !== "at+jwt") {
    return refuse("claims", "The token is not of a type that is accepted from its issuer.");
  }
  const nowMs = clock.nowMs();
  const verdict = judgeAgentClaims(read.claims, { accepts, nowMs, skewMs });
  if (verdict.kind === "refused") return verdict;
  // The ring never changes: another ring is another verifier, with a cache of its own.
  const isCurrent = (): boolean => true;
  cache.keep(token, { proven: verdict, untilMs: verdict.expiresAtMs, isCurrent });
  return verdict;
}

async function isSignedBy(token: string, key: KeyObject): Promise<boolean> {
  try {
    await compactVerify(token, key, { algorithms: ["EdDSA"] });
    return true;
  } catch {
    return false;
  }
}

type ExchangeRefusal = Extract<ExchangeOutcome, { kind: "refused" }>;

function refuseExchange(why: ExchangeRefusal["why"], message: string): ExchangeRefusal {
  return { kind: "refused", why, message };
}
