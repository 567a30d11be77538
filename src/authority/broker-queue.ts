import { Fault } from "../model/index.ts";
import type { Clock } from "../ports/clock.ts";
import { storeLimits } from "../ports/store-limits.ts";

/** Each holds a row and a connection of the store meanwhile, of which there are so many. */
const places = storeLimits.slowChanges;
/** One slow issuer must not take the places of all. */
const placesPerIssuer = 2;
/** A second place is taken of what is to spare, so that others find a first one. */
const spare = places / 2;
/** Issuers that were slow share this many places, whatever is free: the rest is for those that answer. */
const placesOfSlow = places / 2;
/** A refresh is one request or two, and takes a fraction of this. */
const slowMs = 2_000;
const maxWaiting = 64;
/** Callers have deadlines of their own, and an issuer that is this slow is as good as gone. */
const longestWaitMs = 15_000;
/** More issuers than a configuration has servers. */
const maxIssuers = 1_000;

/** Refreshes at issuers, a few at a time for each; slow ones leave places to the others. */
export interface IssuerQueue {
  run<T>(issuer: string, task: () => Promise<T>): Promise<T>;
}

interface Waiting {
  readonly issuer: string;
  readonly begin: () => void;
}

export function createIssuerQueue(clock: Clock): IssuerQueue {
  const slow = createSlow(clock);
  const taken = createPlaces(slow.has);
  /** In the order in which they came. */
  const waiting = new Set<Waiting>();

  async function takeTurn(issuer: string): Promise<void> {
    if (taken.take(issuer)) return;
    const before = [...waiting].filter((each) => each.issuer === issuer);
    if (before.length >= maxWaiting) throw busy(issuer);
    const turn = Promise.withResolvers<void>();
    const timer = new AbortController();
    const one: Waiting = { issuer, begin: turn.resolve };
    waiting.add(one);
    clock.sleep(longestWaitMs, timer.signal).then(
      () => waiting.delete(one) && turn.reject(busy(issuer)),
      () => undefined,
    );
    try {
      await turn.promise;
    } finally {
      timer.abort();
    }
  }

  return {
    async run(issuer, task) {
      await takeTurn(issuer);
      const ended = slow.watch(issuer);
      try {
        return await task();
      } finally {
        ended();
        taken.free(issuer);
        for (const one of waiting) {
          if (!taken.take(one.issuer)) continue;
          waiting.delete(one);
          one.begin();
        }
      }
    },
  };
}

function createPlaces(isSlow: (issuer: string) => boolean) {
  const taken = new Map<string, number>();

  function isFree(issuer: string): boolean {
    const own = taken.get(issuer) ?? 0;
    const free = places - sum(taken.values());
    if (own >= placesPerIssuer || free <= (own === 0 ? 0 : spare)) return false;
    if (!isSlow(issuer)) return true;
    const ofSlow = [...taken].filter(([each]) => isSlow(each)).map(([, count]) => count);
    return sum(ofSlow) < placesOfSlow;
  }

  return {
    /** Whether there was one. */
    take(issuer: string): boolean {
      if (!isFree(issuer)) return false;
      taken.set(issuer, (taken.get(issuer) ?? 0) + 1);
      return true;
    },
    free(issuer: string): void {
      const left = taken.get(issuer)! - 1;
      if (left === 0) taken.delete(issuer);
      else taken.set(issuer, left);
    },
  };
}

/** Issuers that were slow, from that moment on and until they are quick again. */
function createSlow(clock: Clock) {
  const slow = new Set<string>();
  return {
    has: (issuer: string): boolean => slow.has(issuer),
    /** Of one refresh; gives what is called at its end. */
    watch(issuer: string): () => void {
      const timer = new AbortController();
      let isLate = false;
      clock.sleep(slowMs, timer.signal).then(
        () => {
          isLate = true;
          if (slow.size >= maxIssuers) slow.delete(slow.values().next().value!);
          slow.add(issuer);
        },
        () => undefined,
      );
      return () => {
        timer.abort();
        if (!isLate) slow.delete(issuer);
      };
    },
  };
}

function sum(numbers: Iterable<number>): number {
  return [...numbers].reduce((total, each) => total + each, 0);
}

function busy(issuer: string): Fault {
  const why = `As many refreshes at ${issuer} as may be are under way or waiting.`;
  return new Fault("upstream_busy", why, { details: { issuer } });
}
