/** Time as the program sees it. Nothing else in the house reads a clock. */
export interface Clock {
  /** Wall-clock milliseconds since the epoch. May step; never used to measure a duration. */
  nowMs(): number;
  /** Monotonic milliseconds, for durations and deadlines within a process. */
  monotonicMs(): number;
  /** Resolves after `delayMs`, or rejects with the signal's reason. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}
