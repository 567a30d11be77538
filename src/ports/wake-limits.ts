/** The bounds that every engine of wakes keeps. */
export const wakeLimits = {
  /** Attempts after the first. With the backoff below the last one starts about six minutes in. */
  retries: 10,
  /** One second after the first attempt, then twice as long each time, up to this. */
  longestBackoffMs: 60_000,
  /** How late a timer may be that another replica set: rows are looked at this often. */
  sweepMs: 1_000,
  /** Timers woken in one transaction. */
  duePerSweep: 500,
  /** Slots of one worker; each is an entry in memory and in every heartbeat. */
  slots: 1_000,
} as const;
