import { Fault } from "../model/index.ts";

/** How many requests are under way, and how many may wait for their turn. */
export interface Admission {
  /** Resolves when it is this request's turn; the caller leaves exactly once. */
  enter(signal: AbortSignal): Promise<Leave>;
  /** Refuses those who wait and those who come; those under way go on. */
  drain(): void;
  /** Resolves when nobody is under way. */
  whenIdle(): Promise<void>;
  readonly draining: boolean;
  readonly active: number;
  readonly waiting: number;
}
export type Leave = () => void;

export interface AdmissionBounds {
  readonly concurrentRequests: number;
  readonly queuedRequests: number;
}

interface Waiting {
  readonly admit: (leave: Leave) => void;
  readonly refuse: (reason: unknown) => void;
}

/** `bounds` is asked at each turn: a new revision holds for the next request. */
export function createAdmission(bounds: () => AdmissionBounds): Admission {
  const queue = new Set<Waiting>();
  const idle: (() => void)[] = [];
  let active = 0;
  let draining = false;

  function leaveOnce(): Leave {
    let left = false;
    return () => {
      if (left) return;
      left = true;
      active -= 1;
      admitNext();
      if (active === 0) for (const resolve of idle.splice(0)) resolve();
    };
  }

  function admitNext(): void {
    for (const next of queue) {
      if (active >= bounds().concurrentRequests) return;
      queue.delete(next);
      active += 1;
      next.admit(leaveOnce());
    }
  }

  return {
    async enter(signal) {
      if (draining) throw drainingFault();
      signal.throwIfAborted();
      if (active < bounds().concurrentRequests && queue.size === 0) {
        active += 1;
        return leaveOnce();
      }
      if (queue.size >= bounds().queuedRequests) {
        throw new Fault("overloaded", "Too many requests are under way.", {
          details: { active, waiting: queue.size },
        });
      }
      return await new Promise<Leave>((resolve, reject) => {
        const waiting: Waiting = { admit: settle(resolve), refuse: settle(reject) };
        const onAbort = () => waiting.refuse(signal.reason);
        function settle<T>(answer: (value: T) => void): (value: T) => void {
          return (value) => {
            queue.delete(waiting);
            signal.removeEventListener("abort", onAbort);
            answer(value);
          };
        }
        queue.add(waiting);
        signal.addEventListener("abort", onAbort);
      });
    },
    drain() {
      draining = true;
      for (const waiting of [...queue]) waiting.refuse(drainingFault());
    },
    async whenIdle() {
      if (active > 0) await new Promise<void>((resolve) => idle.push(resolve));
    },
    get draining() {
      return draining;
    },
    get active() {
      return active;
    },
    get waiting() {
      return queue.size;
    },
  };
}

export function drainingFault(): Fault {
  return new Fault("draining", "This server is shutting down.");
}
