import type { RunId } from "../model/index.ts";
import type { Clock } from "../ports/clock.ts";
import type { Runs } from "../ports/run-rows.ts";
import { storeLimits } from "../ports/store-limits.ts";
import type { RunNews } from "./run-news.ts";

export interface FollowedHeads {
  /** Resolves when there may be events after `seq`, or the signal fires. Never rejects. */
  changed(run: RunId, seq: number, signal: AbortSignal): Promise<void>;
  /** Whoever waits goes on, and nothing is looked at any more. */
  close(): Promise<void>;
}

export interface FollowHeadsOptions {
  readonly runs: Pick<Runs, "heads">;
  readonly news: Pick<RunNews, "onNoted">;
  readonly clock: Clock;
}

/** Of a run that is carried on elsewhere nothing is heard: it is looked at this often. */
const lookEveryMs = 500;
/** Those who begin to follow are looked at before that, all who come meanwhile together. */
const gatherMs = 25;

/**
 * What is noted here is heard at once. What is noted elsewhere is looked for, by one question for
 * all runs that somebody follows here, however many do. For nobody, none is asked.
 */
export function followHeads({ runs, news, clock }: FollowHeadsOptions): FollowedHeads {
  const followers = createFollowers(news);
  let looking: Promise<void> | null = null;
  let nap = new AbortController();
  let lookedMs = Number.NEGATIVE_INFINITY;
  let isClosed = false;

  async function look(asked: readonly RunId[]): Promise<void> {
    try {
      const found = new Map((await runs.heads(asked)).map((head) => [head.run, head]));
      for (const run of asked) {
        const head = found.get(run);
        const isOver = head === undefined || head.ended;
        followers.tell(run, isOver ? Number.POSITIVE_INFINITY : head.head);
      }
    } catch {
      // The next look finds what this one did not; nobody waits longer than their signal says.
    }
    lookedMs = clock.monotonicMs();
  }

  async function lookOften(): Promise<void> {
    let dueMs = clock.monotonicMs() + lookEveryMs;
    while (followers.runs > 0) {
      const nowMs = clock.monotonicMs();
      const nextMs = followers.hasNew ? Math.min(dueMs, lookedMs + gatherMs) : dueMs;
      if (nowMs < nextMs) {
        nap = new AbortController();
        await clock.sleep(nextMs - nowMs, nap.signal).catch(() => undefined);
        continue;
      }
      const isDue = nowMs >= dueMs;
      await look(isDue ? followers.takeAll() : followers.takeNew());
      if (isDue) dueMs = lookedMs + lookEveryMs;
    }
    // At once, not when the promise settles: whoever comes in between would not be looked at.
    looking = null;
  }

  return {
    async changed(run, seq, signal) {
      if (isClosed || signal.aborted) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      const wake = (): void => resolve();
      const leave = followers.add(run, { seq, wake });
      nap.abort();
      looking ??= lookOften();
      signal.addEventListener("abort", wake, { once: true });
      await promise;
      signal.removeEventListener("abort", wake);
      leave();
      if (followers.runs === 0) nap.abort();
    },
    async close() {
      isClosed = true;
      followers.wakeAll();
      await looking;
    },
  };
}

interface Follower {
  readonly seq: number;
  readonly wake: () => void;
}

interface Followed {
  readonly followers: Set<Follower>;
  readonly forget: () => void;
}

/** Who follows which run. A page of runs at most is looked at in one go. */
function createFollowers(news: Pick<RunNews, "onNoted">) {
  const followed = new Map<RunId, Followed>();
  // What was noted just before they came, nobody has told them.
  const unseen = new Set<RunId>();

  function tell(run: RunId, head: number): void {
    for (const { seq, wake } of followed.get(run)?.followers ?? []) if (head > seq) wake();
  }

  function follow(run: RunId): Followed {
    const forget = news.onNoted(run, (head) => tell(run, head));
    const entry = { followers: new Set<Follower>(), forget };
    followed.set(run, entry);
    return entry;
  }

  return {
    tell,
    get runs(): number {
      return followed.size;
    },
    get hasNew(): boolean {
      return unseen.size > 0;
    },
    /** Returns what takes it away again. */
    add(run: RunId, follower: Follower): () => void {
      const { followers, forget } = followed.get(run) ?? follow(run);
      followers.add(follower);
      unseen.add(run);
      return () => {
        followers.delete(follower);
        if (followers.size > 0) return;
        forget();
        followed.delete(run);
        unseen.delete(run);
      };
    },
    takeNew(): readonly RunId[] {
      const taken = [...unseen].slice(0, storeLimits.rowsPerPage);
      for (const run of taken) unseen.delete(run);
      return taken;
    },
    /** Those taken go to the end: the others have their turn at the next look. */
    takeAll(): readonly RunId[] {
      const taken = [...followed].slice(0, storeLimits.rowsPerPage);
      for (const [run, entry] of taken) {
        unseen.delete(run);
        followed.delete(run);
        followed.set(run, entry);
      }
      return taken.map(([run]) => run);
    },
    wakeAll(): void {
      for (const run of followed.keys()) tell(run, Number.POSITIVE_INFINITY);
    },
  };
}
