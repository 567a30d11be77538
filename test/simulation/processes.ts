import type { Store } from "../../src/ports/store.ts";

/** What befalls a worker: at which commit of them all, and whether that one still lands. */
export interface Fate {
  readonly commit: number;
  readonly lands: boolean;
  /** After so many more commits of others it goes on, as if nothing had been; null: it is dead. */
  readonly thawsAfter: number | null;
}

type EngineStore = Pick<Store, "commit" | "runs" | "runBudgets" | "calls" | "touches">;

/** One worker process: while it stands still, nothing of it comes back or goes out. */
export interface Process {
  readonly store: EngineStore;
  readonly breathe: () => Promise<void>;
  /** Resolves when it stands still. */
  readonly gone: Promise<"gone">;
}

export interface Processes {
  start(): Process;
  readonly commits: number;
  /** Whoever stood still goes on; the dead stay dead. */
  thaw(): void;
}

interface Hold {
  /** Null: it lives. */
  until: Promise<void> | null;
}

export function createProcesses(
  store: Store,
  fate: Fate | null,
  onCommitted: (count: number) => void,
): Processes {
  let commits = 0;
  let isMet = false;
  const thawed = Promise.withResolvers<void>();
  const thaw = (): void => {
    if (fate?.thawsAfter !== null) thawed.resolve();
  };

  async function commit(hold: Hold, stop: () => void, unit: Parameters<Store["commit"]>[0]) {
    commits += 1;
    const count = commits;
    if (!isMet && fate?.commit === count) {
      isMet = true;
      const landed = fate.lands ? await store.commit(unit) : null;
      hold.until = thawed.promise;
      stop();
      await hold.until;
      hold.until = null;
      return landed ?? store.commit(unit);
    }
    const outcome = await store.commit(unit);
    onCommitted(count);
    if (fate !== null && isMet && count >= fate.commit + (fate.thawsAfter ?? 0)) thaw();
    return outcome;
  }

  return {
    get commits() {
      return commits;
    },
    thaw,
    start() {
      const hold: Hold = { until: null };
      const gone = Promise.withResolvers<"gone">();
      const stop = (): void => gone.resolve("gone");
      return {
        gone: gone.promise,
        breathe: async () => void (await hold.until),
        store: {
          async commit(unit) {
            await hold.until;
            const outcome = await commit(hold, stop, unit);
            await hold.until;
            return outcome;
          },
          runs: held(store.runs, hold),
          runBudgets: held(store.runBudgets, hold),
          calls: held(store.calls, hold),
          touches: held(store.touches, hold),
        },
      };
    },
  };
}

type Method = (...args: readonly unknown[]) => Promise<unknown>;

function held<Target extends object>(target: Target, hold: Hold): Target {
  return new Proxy(target, {
    get(_, name) {
      const method = Reflect.get(target, name) as Method;
      return async (...args: readonly unknown[]) => {
        await hold.until;
        const answer = await Reflect.apply(method, target, args);
        await hold.until;
        return answer;
      };
    },
  });
}
