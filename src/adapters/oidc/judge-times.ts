import type { Json } from "../../lib/strict-json.ts";
import type { RefusedToken } from "../../ports/token-verifier.ts";
import type { Claims } from "./read-token.ts";
import { refuse } from "./refuse.ts";

export interface TimeBounds {
  readonly nowMs: number;
  /** How far the issuer's clock may be from ours. */
  readonly skewMs: number;
  /** How long a token may still be good for: whoever steals it can replay it as long. */
  readonly maxLifetimeMs: number;
}

interface Timely {
  readonly kind: "timely";
  readonly expiresAtMs: number;
}

export function judgeTimes(claims: Claims, bounds: TimeBounds): Timely | RefusedToken {
  const { nowMs, skewMs, maxLifetimeMs } = bounds;
  const { exp, nbf, iat } = claims;
  if (!isNumericDate(exp)) return refuse("claims", "The token does not say when it expires.");
  const expiresAtMs = exp * 1_000;
  if (nowMs >= expiresAtMs + skewMs) return refuse("expired", "The token has expired.");
  for (const since of [nbf, iat]) {
    if (since === undefined) continue;
    if (!isNumericDate(since)) return refuse("claims", "The token's times cannot be read.");
    if (since * 1_000 > nowMs + skewMs) return refuse("early", "The token is not valid yet.");
  }
  if (expiresAtMs > nowMs + skewMs + maxLifetimeMs) {
    return refuse("claims", "The token is good for longer than is accepted here.");
  }
  return { kind: "timely", expiresAtMs };
}

/** Seconds since the epoch, fractions allowed. */
function isNumericDate(value: Json | undefined): value is number {
  return typeof value === "number" && value >= 0;
}
