import type { Telemetry } from "../ports/telemetry.ts";
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
}
export type Leave = () => void;

export interface AdmissionBounds {
  readonly concurrentRequests: number;
  readonly queuedRequests: number;
}

export interface AdmissionOptions {
  /** Asked at each turn: a new revision holds for the next request. */
  readonly bounds: () => AdmissionBounds;
  readonly telemetry: Pick<Telemetry, "gauge">;
}

export function createAdmission({ bounds, telemetry }: AdmissionOptions): Admission {
  const queue = createQueue<Leave>(show);
  const idle: (() => void)[] = [];
  let active = 0;
  let draining = false;

  function show(): void {
    telemetry.gauge("http_requests_active", active, {});
    telemetry.gauge("http_requests_waiting", queue.size(), {});
  }

  function admit(): Leave {
    active += 1;
    show();
    let left = false;
    return () => {
      if (left) return;
      left = true;
      active -= 1;
      while (active < bounds().concurrentRequests && queue.size() > 0) queue.next(admit());
      show();
      if (active === 0) for (const resolve of idle.splice(0)) resolve();
    };
  }

  return {
    async enter(signal) {
      if (draining) throw drainingFault();
      signal.throwIfAborted();
      if (active < bounds().concurrentRequests && queue.size() === 0) return admit();
      if (queue.size() >= bounds().queuedRequests) {
        throw new Fault("overloaded", "Too many requests are under way.", {
          details: { active, waiting: queue.size() },
        });
      }
      return queue.wait(signal);
    },
    drain() {
      draining = true;
      queue.refuse(drainingFault);
    },
    async whenIdle() {
      if (active > 0) await new Promise<void>((resolve) => idle.push(resolve));
    },
    get draining() {
      return draining;
    },
  };
}

interface Waiting<T> {
  readonly give: (value: T) => void;
  readonly refuse: (reason: Error) => void;
}

/** Those who wait, first come first; whoever goes away leaves at once. */
function createQueue<T>(onChange: () => void) {
  const all = new Set<Waiting<T>>();
  return {
    size: () => all.size,
    wait: (signal: AbortSignal) =>
      new Promise<T>((resolve, reject) => {
        const leave = () => {
          all.delete(waiting);
          signal.removeEventListener("abort", onAbort);
          onChange();
        };
        const waiting: Waiting<T> = {
          give: (value) => (leave(), resolve(value)),
          refuse: (reason) => (leave(), reject(reason)),
        };
        const onAbort = () => waiting.refuse(signal.reason as Error);
        all.add(waiting);
        onChange();
        signal.addEventListener("abort", onAbort);
      }),
    next(value: T): void {
      const [first] = all;
      first?.give(value);
    },
    refuse(reason: () => Fault): void {
      for (const waiting of all) waiting.refuse(reason());
    },
  };
}

export function drainingFault(): Fault {
  return new Fault("draining", "This server is shutting down.");
}
