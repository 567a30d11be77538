import { createLocalJWKSet, errors, type CryptoKey, type JSONWebKeySet } from "jose";
import { Fault, toDigest } from "../../model/index.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Telemetry } from "../../ports/telemetry.ts";
import type { ReadToken } from "./read-token.ts";

/** The keys of one issuer, as they were last read. */
export interface KeySet {
  /** Counts up when keys come or go: what an older one proved has to be proven again. */
  readonly generation: number;
  /**
   * Has them read where they are too old, and says what to wait for. Null: use what there is. After
   * a failure nobody waits for the next attempt, or a silent issuer would slow down every caller.
   */
  freshen(): Promise<void> | null;
  /** Whether they may be used at all. */
  isUsable(): boolean;
  /** Whether they may be read again for a key that is not among them. */
  mayLookAgain(): boolean;
  /** Reads them, once for all who ask meanwhile. Never throws: afterwards they are usable or not. */
  refresh(): Promise<void>;
  find(token: ReadToken): Promise<FoundKey>;
}

export type FoundKey = CryptoKey | "none" | "several";

export interface KeySetLimits {
  /** Keys older than this are read again before they are used. A removed key is good no longer. */
  readonly maxAgeMs: number;
  /** While the issuer does not answer, its keys are used until they are this old. */
  readonly maxStaleMs: number;
  /** Between two readings, whatever asks for them. */
  readonly cooldownMs: number;
}

export interface KeySetOptions {
  readonly issuer: string;
  readonly read: () => Promise<JSONWebKeySet>;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly limits: KeySetLimits;
}

interface Held {
  readonly find: ReturnType<typeof createLocalJWKSet>;
  readonly digest: string;
  readonly readAtMs: number;
}

export function createKeySet({ issuer, read, clock, telemetry, limits }: KeySetOptions): KeySet {
  let held: Held | null = null;
  let generation = 0;
  let hasFailed = false;
  let triedAtMs = Number.NEGATIVE_INFINITY;
  let underWay: Promise<void> | null = null;

  const ageMs = (): number =>
    held === null ? Number.POSITIVE_INFINITY : clock.monotonicMs() - held.readAtMs;
  const mayLookAgain = (): boolean =>
    underWay !== null || clock.monotonicMs() - triedAtMs >= limits.cooldownMs;

  async function take(): Promise<void> {
    triedAtMs = clock.monotonicMs();
    try {
      const keys = await read();
      const digest = toSetDigest(keys);
      if (held?.digest !== digest) generation += 1;
      const find = held?.digest === digest ? held.find : createLocalJWKSet(keys);
      held = { find, digest, readAtMs: triedAtMs };
      hasFailed = false;
    } catch (cause) {
      hasFailed = true;
      const reason = cause instanceof Fault ? cause.message : "it failed in a way nobody expected";
      telemetry.log("warn", "The keys of a token issuer cannot be read.", { issuer, reason });
    }
  }

  function refresh(): Promise<void> {
    underWay ??= take().finally(() => {
      underWay = null;
    });
    return underWay;
  }

  const isUsable = (): boolean => ageMs() <= limits.maxStaleMs;

  function freshen(): Promise<void> | null {
    if (ageMs() <= limits.maxAgeMs || !mayLookAgain()) return null;
    const reading = refresh();
    return hasFailed && isUsable() ? null : reading;
  }

  return {
    get generation() {
      return generation;
    },
    freshen,
    isUsable,
    mayLookAgain,
    refresh,
    find: (token) => (held === null ? Promise.resolve("none") : findKey(held, token)),
  };
}

/** Only the issuer's own set is asked, by id and algorithm; a key in it serves what it says it serves. */
async function findKey({ find }: Held, { algorithm, keyId }: ReadToken): Promise<FoundKey> {
  const wanted = { alg: algorithm, ...(keyId === null ? {} : { kid: keyId }) };
  try {
    return await find(wanted);
  } catch (error) {
    // Without an id, or with one that stands twice, guessing would cost a check a key.
    return error instanceof errors.JWKSMultipleMatchingKeys ? "several" : "none";
  }
}

/** Of the keys, in whatever order they stand. */
function toSetDigest({ keys }: JSONWebKeySet): string {
  return toDigest(
    keys
      .map((key) => JSON.stringify(key, Object.keys(key).toSorted()))
      .toSorted()
      .join("\n"),
  );
}
