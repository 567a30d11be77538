import { compactVerify, type CryptoKey } from "jose";
import { cutShort } from "../../lib/cut-short.ts";
import { Fault } from "../../model/index.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Dialer } from "../../ports/dialer.ts";
import type { Telemetry } from "../../ports/telemetry.ts";
import type { RefusedToken, TokenVerdict, TokenVerifier } from "../../ports/token-verifier.ts";
import { checkIssuers, type Issuer } from "./issuer.ts";
import { judgeClaims } from "./judge-claims.ts";
import { createKeySet, type KeySet, type KeySetLimits } from "./key-set.ts";
import { readKeys } from "./read-keys.ts";
import { readToken, type ReadToken } from "./read-token.ts";
import { refuse } from "./refuse.ts";
import { createVerdictCache, type VerdictCache } from "./verdict-cache.ts";

export interface OidcVerifier extends TokenVerifier {
  /** Ends what is being read. */
  close(): void;
}

export interface OidcVerifierOptions {
  readonly issuers: readonly Issuer[];
  readonly dialer: Dialer;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly limits?: Partial<OidcLimits>;
}

export interface OidcLimits extends KeySetLimits {
  readonly skewMs: number;
  readonly maxLifetimeMs: number;
  /** For all that one reading of an issuer's keys asks. */
  readonly deadlineMs: number;
  readonly cachedVerdicts: number;
}

const defaultLimits: OidcLimits = {
  maxAgeMs: 600_000,
  // As long as most access tokens live: while an issuer is down it issues no new ones either.
  maxStaleMs: 3_600_000,
  cooldownMs: 15_000,
  skewMs: 30_000,
  maxLifetimeMs: 86_400_000,
  deadlineMs: 5_000,
  cachedVerdicts: 10_000,
};

interface Known {
  readonly issuer: Issuer;
  readonly keys: KeySet;
}

interface Parts {
  readonly known: ReadonlyMap<string, Known>;
  readonly cache: VerdictCache;
  readonly clock: Clock;
  readonly limits: OidcLimits;
}

export function createOidcVerifier(options: OidcVerifierOptions): OidcVerifier {
  const { issuers, dialer, clock, telemetry } = options;
  checkIssuers(issuers);
  const limits = { ...defaultLimits, ...options.limits };
  const closing = new AbortController();
  const { deadlineMs: withinMs } = limits;
  const late = () => new Fault("deadline_exceeded", `No answer came within ${withinMs} ms.`);
  const deadline = { clock, withinMs, signal: closing.signal, late };
  const toKnown = (issuer: Issuer): Known => {
    const read = () => cutShort(deadline, (signal) => readKeys({ issuer, dialer, signal }));
    return {
      issuer,
      keys: createKeySet({ issuer: issuer.issuer, read, clock, telemetry, limits }),
    };
  };
  const known = new Map(issuers.map((issuer) => [issuer.issuer, toKnown(issuer)]));
  const cache = createVerdictCache({ clock, capacity: limits.cachedVerdicts });
  return {
    verify: (token) => verify(token, { known, cache, clock, limits }),
    recall: (token) => cache.recall(token),
    close: () => closing.abort(),
  };
}

/** The issuer that the token names is only whose keys are asked; nobody else's can prove it. */
async function verify(
  token: string,
  { known, cache, clock, limits }: Parts,
): Promise<TokenVerdict> {
  const read = readToken(token);
  if (read.kind === "refused") return read;
  const { iss } = read.claims;
  const from = typeof iss === "string" ? known.get(iss) : undefined;
  if (from === undefined) return refuse("issuer", "The token's issuer is not trusted here.");
  const { issuer, keys } = from;
  if (!issuer.algorithms.some((each) => each === read.algorithm)) {
    return refuse("algorithm", "The token is signed in a way that is not accepted.");
  }
  await keys.freshen();
  const recalled = cache.recall(token);
  if (recalled !== null) return recalled;
  const proof = await proveSignature(token, read, keys);
  if (proof.kind === "refused") return proof;
  const { skewMs, maxLifetimeMs } = limits;
  const verdict = judgeClaims(read, issuer, { nowMs: clock.nowMs(), skewMs, maxLifetimeMs });
  if (verdict.kind === "refused") return verdict;
  const isCurrent = (): boolean =>
    keys.generation === proof.generation && keys.isUsable() && keys.freshen() === null;
  cache.keep(token, { proven: verdict, untilMs: verdict.expiresAtMs + skewMs, isCurrent });
  return verdict;
}

interface Proof {
  readonly kind: "signed";
  /** Of the keys that one of them signed it. */
  readonly generation: number;
}

async function proveSignature(
  token: string,
  read: ReadToken,
  keys: KeySet,
): Promise<Proof | RefusedToken> {
  if (!keys.isUsable()) return unavailable();
  // Before the keys are asked: what they say may be out of date when it arrives.
  let { generation } = keys;
  let found = await keys.find(read);
  if (found === "none" && keys.mayLookAgain()) {
    await keys.refresh();
    if (!keys.isUsable()) return unavailable();
    ({ generation } = keys);
    found = await keys.find(read);
  }
  if (found === "none") return refuse("signature", "The token's issuer has no such key.");
  if (found === "several") {
    return refuse("signature", "The token does not say which of its issuer's keys signed it.");
  }
  return (await isSignedBy(token, found, read.algorithm))
    ? { kind: "signed", generation }
    : refuse("signature", "The token is not signed by its issuer.");
}

async function isSignedBy(token: string, key: CryptoKey, algorithm: string): Promise<boolean> {
  try {
    await compactVerify(token, key, { algorithms: [algorithm] });
    return true;
  } catch {
    // Also what a key of the set does when it is too weak for its algorithm.
    return false;
  }
}

function unavailable(): RefusedToken {
  return refuse("unavailable", "The keys of the token's issuer cannot be read.");
}
