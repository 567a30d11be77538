import { Fault } from "../../model/index.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Claim, WakeQueue } from "./wake-queue.ts";

/** A wake that this worker holds a claim on. */
export interface Held {
  readonly claim: Claim;
  readonly abort: AbortController;
  state: "running" | "done" | "failed" | "lost";
  /** When the renewal that we know of was asked for, on the monotonic clock. */
  renewedAtMs: number;
  reason: string;
}

export interface HeartbeatOptions {
  readonly queue: Pick<WakeQueue, "touch">;
  readonly clock: Clock;
  readonly held: ReadonlySet<Held>;
  readonly onFault: (fault: unknown) => void;
}

const checkEveryMs = 500;
const renewEveryMs = 3_000;

/**
 * pg-boss gives a claim away 10 s after its last renewal, by its own clock. Two seconds earlier by
 * ours, counted from when the renewal was asked for, the wake is told to stop: a worker that was
 * frozen or cut off stops before another starts, or at once when it thaws. It is a courtesy, not
 * the safety: that is the epoch which the next owner takes.
 */
const keepMs = 8_000;

/** Renews claims, and aborts wakes whose claim is lost or may be. */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #stopping = new AbortController();
  readonly #beating: Promise<void>;
  #renewedAtMs = Number.NEGATIVE_INFINITY;
  #renewing: Promise<void> | null = null;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#beating = this.#beat();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#beating;
    await this.#renewing;
  }

  async #beat(): Promise<void> {
    const { clock, held } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const nowMs = clock.monotonicMs();
      for (const each of held) {
        if (nowMs - each.renewedAtMs >= keepMs) lose(each, "its heartbeat could not be renewed");
      }
      // One renewal at a time: a second one would wait behind the first.
      if (this.#renewing === null && nowMs - this.#renewedAtMs >= renewEveryMs) {
        this.#renewedAtMs = nowMs;
        this.#renewing = this.#renew(nowMs).finally(() => (this.#renewing = null));
      }
      await clock.sleep(checkEveryMs, signal).catch(() => {});
    }
  }

  async #renew(nowMs: number): Promise<void> {
    const { queue, held, onFault } = this.#options;
    const claimed = [...held].filter(({ state }) => state !== "lost");
    if (claimed.length === 0) return;
    try {
      const kept = await queue.touch(claimed.map(({ claim }) => claim));
      for (const each of claimed) {
        if (kept.has(each.claim.id)) each.renewedAtMs = nowMs;
        else lose(each, "it was taken over");
      }
    } catch (error) {
      onFault(error);
    }
  }
}

/** One that has ended is left to its settlement, which is fenced and knows by itself. */
function lose(held: Held, why: string): void {
  if (held.state !== "running") return;
  held.state = "lost";
  held.abort.abort(new Fault("draining", `the wake of run ${held.claim.run} was lost: ${why}`));
}
