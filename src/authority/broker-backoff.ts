import { Fault } from "../model/index.ts";
import type { Clock } from "../ports/clock.ts";
import type { Random } from "../ports/random.ts";

const firstMs = 500;
const longestMs = 60_000;
/** More issuers than a configuration has servers. */
const maxIssuers = 1_000;

/** Leaves an issuer alone for a while after it failed, longer with each failure in a row. */
export interface IssuerBackoff {
  run<T>(issuer: string, task: () => Promise<T>): Promise<T>;
}

export function createIssuerBackoff(clock: Clock, random: Random): IssuerBackoff {
  const failing = new Map<string, { readonly failures: number; readonly untilMs: number }>();

  function fail(issuer: string): void {
    const failures = (failing.get(issuer)?.failures ?? 0) + 1;
    const delayMs = Math.min(longestMs, firstMs * 2 ** Math.min(failures - 1, 16));
    failing.delete(issuer);
    if (failing.size >= maxIssuers) failing.delete(failing.keys().next().value!);
    // Replicas that saw the same failure do not all come back at the same moment.
    const untilMs = clock.monotonicMs() + delayMs * (0.5 + random.fraction() / 2);
    failing.set(issuer, { failures, untilMs });
  }

  return {
    async run(issuer, task) {
      const untilMs = failing.get(issuer)?.untilMs ?? 0;
      if (clock.monotonicMs() < untilMs) {
        throw new Fault("upstream_open", `${issuer} failed and is left alone for a while.`, {
          details: { issuer },
        });
      }
      try {
        const result = await task();
        failing.delete(issuer);
        return result;
      } catch (error) {
        // Refused here, before anything was sent: it says nothing of the issuer.
        const isOurs = error instanceof Fault && error.code === "credential_refused";
        if (!isOurs) fail(issuer);
        throw error;
      }
    },
  };
}
