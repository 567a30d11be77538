import { Nudge } from "../lib/nudge.ts";
import type { Clock } from "../ports/clock.ts";
import type { Arrivals } from "./arrivals.ts";
import type { Kept, PoolLimits } from "./pool-limits.ts";

export interface StockOptions<T> {
  readonly clock: Clock;
  readonly limits: PoolLimits;
  readonly arrivals: Arrivals;
  readonly closing: AbortSignal;
  readonly start: () => Promise<T>;
  /** False: as many as may wait in all places together. */
  readonly reserve: () => boolean;
  readonly release: () => void;
  readonly onFault: (fault: unknown) => void;
  /** Nothing waits any more, and nobody has asked for long. */
  readonly onEmpty: () => void;
}

interface Waiting<T> {
  readonly kept: T;
  readonly sinceMs: number;
}

const leastMs = 1;

/** What waits for one place. One is started at a time. */
export class Stock<T extends Kept> {
  readonly ended: Promise<void>;
  readonly #options: StockOptions<T>;
  readonly #nudge = new Nudge();
  readonly #leaving = new Set<Promise<unknown>>();
  /** The newest last; that one is taken first, so that what is too many grows old. */
  #waiting: readonly Waiting<T>[] = [];
  #failures = 0;
  #nextAtMs = 0;

  constructor(options: StockOptions<T>) {
    this.#options = options;
    options.closing.addEventListener("abort", () => this.#nudge.nudge(), { once: true });
    this.ended = this.#tend();
  }

  /** Null: none waits. */
  take(): T | null {
    const { clock, arrivals, limits } = this.#options;
    const nowMs = clock.monotonicMs();
    arrivals.note(nowMs);
    // Put off once, however many are taken meanwhile.
    if (this.#nextAtMs <= nowMs) this.#nextAtMs = nowMs + limits.refillAfterMs;
    const newest = this.#waiting.at(-1);
    if (newest !== undefined) {
      this.#remove(newest);
      this.#failures = 0;
    }
    this.#nudge.nudge();
    return newest?.kept ?? null;
  }

  noteStart(tookMs: number): void {
    this.#options.arrivals.noteStart(tookMs);
  }

  /** Somebody asked, and it did start: it is worth trying again. */
  trust(): void {
    this.#failures = 0;
    this.#nudge.nudge();
  }

  async #tend(): Promise<void> {
    const { clock, closing, onEmpty } = this.#options;
    // Whoever made it takes from it first.
    await Promise.resolve();
    while (!closing.aborted && !this.#isForgotten()) {
      this.#endOld();
      const isFull = this.#isDue() && !(await this.#add());
      const ms = this.#untilNextMs(isFull);
      await this.#nudge.wait((signal) => clock.sleep(ms, signal));
    }
    onEmpty();
    for (const one of this.#waiting) this.#end(one);
    await Promise.all(this.#leaving);
  }

  #isForgotten(): boolean {
    const { clock, arrivals, limits } = this.#options;
    return this.#waiting.length === 0 && arrivals.idleMs(clock.monotonicMs()) >= limits.ttlMs;
  }

  #isLacking(): boolean {
    const { clock, arrivals, limits } = this.#options;
    const nowMs = clock.monotonicMs();
    return (
      this.#failures < limits.mostTries &&
      arrivals.idleMs(nowMs) < limits.ttlMs &&
      this.#waiting.length < arrivals.wanted()
    );
  }

  #isDue(): boolean {
    return this.#isLacking() && this.#options.clock.monotonicMs() >= this.#nextAtMs;
  }

  /** Never none at all: what is due when it is asked for has become due since somebody looked. */
  #untilNextMs(isFull: boolean): number {
    const { clock, arrivals, limits } = this.#options;
    const nowMs = clock.monotonicMs();
    const [oldest] = this.#waiting;
    const endMs =
      oldest === undefined
        ? limits.ttlMs - arrivals.idleMs(nowMs)
        : oldest.sinceMs + limits.ttlMs - nowMs;
    const startMs = this.#isLacking() && !isFull ? this.#nextAtMs - nowMs : endMs;
    return Math.max(leastMs, Math.min(endMs, startMs));
  }

  /** False: no more may wait. */
  async #add(): Promise<boolean> {
    const { clock, closing, start, reserve, release } = this.#options;
    if (!reserve()) return false;
    try {
      const one = { kept: await start(), sinceMs: clock.monotonicMs() };
      this.#waiting = [...this.#waiting, one];
      void one.kept.ended.then(() => this.#lose(one));
      if (closing.aborted) this.#end(one);
    } catch (fault) {
      release();
      this.#fail(fault);
    }
    return true;
  }

  /** It has ended; if it was still waiting, before its time. */
  #lose(one: Waiting<T>): void {
    if (!this.#remove(one)) return;
    this.#fail(new Error("It ended while it waited."));
    this.#nudge.nudge();
  }

  #fail(fault: unknown): void {
    const { clock, limits, onFault } = this.#options;
    const pauseMs = limits.retryAfterMs * 2 ** this.#failures;
    this.#failures += 1;
    this.#nextAtMs = clock.monotonicMs() + pauseMs;
    onFault(fault);
  }

  #endOld(): void {
    const { clock, limits } = this.#options;
    const untilMs = clock.monotonicMs() - limits.ttlMs;
    for (const one of this.#waiting) if (one.sinceMs <= untilMs) this.#end(one);
  }

  #end(one: Waiting<T>): void {
    if (!this.#remove(one)) return;
    one.kept.kill();
    const gone = one.kept.ended.then(() => void this.#leaving.delete(gone));
    this.#leaving.add(gone);
  }

  /** Whether it was waiting. */
  #remove(one: Waiting<T>): boolean {
    if (!this.#waiting.includes(one)) return false;
    this.#waiting = this.#waiting.filter((each) => each !== one);
    this.#options.release();
    return true;
  }
}
