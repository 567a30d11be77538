import { Fault } from "../model/index.ts";
import type { Clock } from "../ports/clock.ts";

/** Each holds a row and a connection meanwhile: one slow issuer must not take those of all. */
const atATime = 2;
const maxWaiting = 64;
/** Callers have deadlines of their own, and an issuer that is this slow is as good as gone. */
const longestWaitMs = 15_000;

/** Refreshes at one issuer, a few at a time; those at others do not wait for them. */
export interface IssuerQueue {
  run<T>(issuer: string, task: () => Promise<T>): Promise<T>;
}

interface Line {
  active: number;
  readonly waiting: Set<() => void>;
}

export function createIssuerQueue(clock: Clock): IssuerQueue {
  const lines = new Map<string, Line>();

  async function takeTurn(issuer: string, { waiting }: Line): Promise<void> {
    if (waiting.size >= maxWaiting) throw busy(issuer);
    const turn = Promise.withResolvers<void>();
    const timer = new AbortController();
    waiting.add(turn.resolve);
    clock.sleep(longestWaitMs, timer.signal).then(
      () => waiting.delete(turn.resolve) && turn.reject(busy(issuer)),
      () => undefined,
    );
    try {
      await turn.promise;
    } finally {
      timer.abort();
    }
  }

  function end(issuer: string, line: Line): void {
    // Whoever is next takes over the place.
    for (const next of line.waiting) {
      line.waiting.delete(next);
      return next();
    }
    line.active -= 1;
    if (line.active === 0) lines.delete(issuer);
  }

  return {
    async run(issuer, task) {
      const line = lines.get(issuer) ?? { active: 0, waiting: new Set() };
      lines.set(issuer, line);
      if (line.active < atATime) line.active += 1;
      else await takeTurn(issuer, line);
      try {
        return await task();
      } finally {
        end(issuer, line);
      }
    },
  };
}

function busy(issuer: string): Fault {
  const why = `As many refreshes at ${issuer} as may be are under way or waiting.`;
  return new Fault("upstream_busy", why, { details: { issuer } });
}
