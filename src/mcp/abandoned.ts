import type { Clock } from "../ports/clock.ts";

/** A program that was told of a cancellation has stopped by then, and asks nothing for it any more. */
const abandonedMs = 60_000;
const maxIds = 1_000;

/**
 * Calls that nobody waits for, and that the server may still work on. What it says without naming a
 * call may be of one of them, and is nobody's while there is one.
 */
export class Abandoned {
  readonly #clock: Clock;
  readonly #untilMs = new Map<number, number>();
  /** Of those that there was no room for. */
  #othersUntilMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(id: number): void {
    this.#forgetOld();
    const untilMs = this.#clock.monotonicMs() + abandonedMs;
    if (this.#untilMs.size < maxIds) this.#untilMs.set(id, untilMs);
    else this.#othersUntilMs = untilMs;
  }

  answered(id: number): void {
    this.#untilMs.delete(id);
  }

  get isEmpty(): boolean {
    this.#forgetOld();
    return this.#untilMs.size === 0 && this.#clock.monotonicMs() >= this.#othersUntilMs;
  }

  /** The oldest stand first. */
  #forgetOld(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const [id, untilMs] of this.#untilMs) {
      if (untilMs > nowMs) return;
      this.#untilMs.delete(id);
    }
  }
}
