import {
  Fault,
  isBreakerOpen,
  newBreaker,
  stepBreaker,
  toCoolingMs,
  tripAfter,
  type BreakerNews,
  type BreakerState,
} from "../model/index.ts";
import type { Clock } from "../ports/clock.ts";

/** Faults in a row open it; after the cooling time one call tries, and decides for the others. */
export class Breaker {
  readonly #clock: Clock;
  readonly #name: string;
  readonly #onMove: (to: BreakerState) => void;
  #track = newBreaker;

  constructor(clock: Clock, name: string, onMove: (to: BreakerState) => void) {
    this.#clock = clock;
    this.#name = name;
    this.#onMove = onMove;
  }

  get state(): BreakerState {
    return this.#track.state;
  }

  /** Throws while calls are not let through. True for the one that is let through after the cooling. */
  check(): boolean {
    if (this.state === "closed") return false;
    const nowMs = this.#clock.monotonicMs();
    if (!isBreakerOpen(this.#track, nowMs)) {
      this.#hear("entered");
      return true;
    }
    throw new Fault("upstream_open", `${this.#name} failed ${tripAfter} times in a row.`, {
      details: { retryAfterMs: Math.max(1, Math.ceil(toCoolingMs(this.#track, nowMs))) },
    });
  }

  succeeded(): void {
    this.#hear("succeeded");
  }

  faulted(): void {
    this.#hear("faulted");
  }

  /** The probe ended without saying anything about the server: the next one tries. */
  gaveUp(): void {
    this.#hear("gave_up");
  }

  #hear(news: BreakerNews): void {
    const { state } = this.#track;
    this.#track = stepBreaker(this.#track, news, this.#clock.monotonicMs());
    if (this.#track.state !== state) this.#onMove(this.#track.state);
  }
}
