/** What can wait until it is needed. Used once. */
export interface Kept {
  readonly ended: Promise<unknown>;
  kill(): void;
}

export interface PoolLimits {
  /** Over all places. */
  readonly mostWaiting: number;
  /** Places with something that waits; others are served without. */
  readonly mostPlaces: number;
  /** Nobody has taken it for so long: it ends. */
  readonly ttlMs: number;
  /** Between taking one and starting the next: what was taken has the machine to itself first. */
  readonly refillAfterMs: number;
  /** Starts and waits that fail in a row, before it is left to whoever asks next. */
  readonly mostTries: number;
  /** After the first of them; twice as long after each. */
  readonly retryAfterMs: number;
}

export const defaultPoolLimits: PoolLimits = {
  mostWaiting: 32,
  mostPlaces: 256,
  ttlMs: 5 * 60_000,
  refillAfterMs: 50,
  mostTries: 5,
  retryAfterMs: 1_000,
};
