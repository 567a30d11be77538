import { Fault } from "../model/index.ts";
import type { Clock } from "../ports/clock.ts";

export interface QueueBounds {
  readonly concurrency: number;
  readonly queue: number;
}

/** What a new answer weighs against all before it. */
const weight = 0.2;

/** So many requests at once, so many that wait, and none while the backend wants to be left alone. */
export class ModelQueue {
  readonly #clock: Clock;
  readonly #bounds: QueueBounds;
  readonly #onDepth: () => void;
  /** In the order in which they came. */
  readonly #line = new Set<() => void>();
  readonly #closing = new AbortController();
  #active = 0;
  #restUntilMs = 0;
  #usualMs: number | null = null;

  constructor(clock: Clock, bounds: QueueBounds, onDepth: () => void) {
    this.#clock = clock;
    this.#bounds = bounds;
    this.#onDepth = onDepth;
  }

  get active(): number {
    return this.#active;
  }

  get waiting(): number {
    return this.#line.size;
  }

  /** The backend asked to be left alone. */
  get isResting(): boolean {
    return this.#restMs() > 0;
  }

  /** Whether one more may wait, or begin. */
  get hasRoom(): boolean {
    return this.#line.size < this.#bounds.queue || this.#isFree();
  }

  /** About how long one more request would wait; null: it would begin at once. */
  get waitMs(): number | null {
    if (this.#isFree()) return null;
    const { concurrency } = this.#bounds;
    const ahead = Math.max(0, this.#active + this.#line.size + 1 - concurrency);
    return this.#restMs() + Math.ceil(ahead / concurrency) * (this.#usualMs ?? 0);
  }

  /** Resolves when it is this one's turn; a Fault at the bound, or the signal's reason. */
  async enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#isFree()) {
      this.#active += 1;
      return;
    }
    if (!this.hasRoom) {
      const details = { retryAfterMs: Math.max(1, Math.ceil(this.waitMs ?? 1)) };
      throw new Fault("model_busy", "As many requests as may wait for it do.", { details });
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const begin = (): void => {
      this.#active += 1;
      resolve();
    };
    // Out of the line at once: a place given to one who is gone would never be given back.
    const onAbort = (): void => {
      this.#line.delete(begin);
      reject(signal.reason as Error);
    };
    this.#line.add(begin);
    this.#onDepth();
    signal.addEventListener("abort", onAbort);
    try {
      await promise;
    } finally {
      signal.removeEventListener("abort", onAbort);
      this.#onDepth();
    }
  }

  /** How long it took; null where that says nothing about the next one. */
  leave(tookMs: number | null): void {
    this.#active -= 1;
    if (tookMs !== null) {
      this.#usualMs = this.#usualMs === null ? tookMs : blend(this.#usualMs, tookMs);
    }
    this.#advance();
  }

  /** Nothing begins for this long. */
  rest(ms: number): void {
    this.#restUntilMs = Math.max(this.#restUntilMs, this.#clock.monotonicMs() + ms);
    const advance = (): void => this.#advance();
    this.#clock.sleep(this.#restMs(), this.#closing.signal).then(advance, () => undefined);
  }

  close(): void {
    this.#closing.abort();
  }

  #restMs(): number {
    return Math.max(0, this.#restUntilMs - this.#clock.monotonicMs());
  }

  /** Whoever waits goes first. */
  #isFree(): boolean {
    return this.#line.size === 0 && this.#hasPlace();
  }

  #hasPlace(): boolean {
    return this.#active < this.#bounds.concurrency && this.#restMs() === 0;
  }

  #advance(): void {
    while (this.#line.size > 0 && this.#hasPlace()) {
      const [begin] = this.#line;
      this.#line.delete(begin!);
      begin!();
    }
  }
}

/** An average that forgets. */
export function blend(before: number, now: number): number {
  return before + weight * (now - before);
}
