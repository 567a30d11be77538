import { hash } from "node:crypto";
import type { Clock } from "../../ports/clock.ts";
import type { ProvenToken } from "../../ports/token-verifier.ts";
import { maxTokenBytes } from "./read-token.ts";

export interface Kept {
  readonly proven: ProvenToken;
  /** When the token is over, the skew that is allowed included. */
  readonly untilMs: number;
  /** Whether the key that signed it is still its issuer's. */
  readonly isCurrent: () => boolean;
}

export interface VerdictCache {
  recall(token: string): ProvenToken | null;
  keep(token: string, kept: Kept): void;
}

export interface VerdictCacheOptions {
  readonly clock: Clock;
  readonly capacity: number;
}

/**
 * Proven tokens under their SHA-256, so that the text of none is kept. Only what was proven comes in,
 * so that nobody without an issuer's signature can push anything out; the one that was asked for
 * least recently makes room.
 */
export function createVerdictCache({ clock, capacity }: VerdictCacheOptions): VerdictCache {
  const kept = new Map<string, Kept>();

  function recall(token: string): ProvenToken | null {
    if (token.length > maxTokenBytes) return null;
    const key = hash("sha256", token, "base64url");
    const found = kept.get(key);
    if (found === undefined) return null;
    kept.delete(key);
    if (clock.nowMs() >= found.untilMs) return null;
    kept.set(key, found);
    // One that is not current stays: its keys may only be due for reading.
    return found.isCurrent() ? found.proven : null;
  }

  function keep(token: string, entry: Kept): void {
    const key = hash("sha256", token, "base64url");
    kept.delete(key);
    kept.set(key, entry);
    if (kept.size > capacity) kept.delete(kept.keys().next().value!);
  }

  return { recall, keep };
}
