import { Fault } from "../model/index.ts";
import type { Clock } from "../ports/clock.ts";

/** Whether work may be sent here: named checks, each of which says what is missing. */
export interface Readiness {
  read(): Promise<readonly CheckResult[]>;
}

export interface CheckResult {
  readonly name: string;
  readonly ready: boolean;
  readonly reason: string | null;
}

export interface ReadinessCheck {
  readonly name: string;
  /** Null when ready, else the reason in a few words. */
  readonly check: () => Promise<string | null> | string | null;
}

/** A prober that asks each second must not wait longer than that for its answer. */
const checkWithinMs = 900;
/** `/ready` needs no key, so asking it more often must not cost more. */
const freshForMs = 200;

export function createReadiness(clock: Clock, checks: readonly ReadinessCheck[]): Readiness {
  let last: { readonly atMs: number; readonly results: Promise<readonly CheckResult[]> } | null =
    null;
  return {
    read() {
      const nowMs = clock.monotonicMs();
      if (last === null || nowMs - last.atMs > freshForMs) {
        last = { atMs: nowMs, results: Promise.all(checks.map((check) => run(clock, check))) };
      }
      return last.results;
    },
  };
}

async function run(clock: Clock, { name, check }: ReadinessCheck): Promise<CheckResult> {
  const answered = new AbortController();
  const late = clock
    .sleep(checkWithinMs, answered.signal)
    .then(() => "does not answer in time")
    .catch(() => null);
  try {
    const reason = await Promise.race([check(), late]);
    return { name, ready: reason === null, reason };
  } catch (error) {
    // Asked without a key: only words that were written for users leave.
    return { name, ready: false, reason: error instanceof Fault ? error.message : "fails" };
  } finally {
    answered.abort();
  }
}
