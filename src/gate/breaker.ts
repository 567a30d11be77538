import {
  Fault,
  isBreakerOpen,
  newBreaker,
  stepBreaker,
  toCoolingMs,
  tripAfter,
  type BreakerNews,
  type BreakerState,
  type FaultCode,
} from "../model/index.ts";
import type { Clock } from "../ports/clock.ts";

/** How a breaker is, for whoever looks. */
export interface BreakerStanding {
  readonly state: BreakerState;
  /** Faults in a row. */
  readonly faults: number;
  /** Why it opened; null while it is closed. */
  readonly opened: { readonly atMs: number; readonly fault: FaultCode | null } | null;
  /** Until one call may try; 0 where nothing is waited for. */
  readonly coolingMs: number;
}

/** Faults in a row open it; after the cooling time one call tries, and decides for the others. */
export class Breaker {
  readonly #clock: Clock;
  readonly #name: string;
  readonly #onMove: (to: BreakerState) => void;
  #track = newBreaker;
  #fault: FaultCode | null = null;

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

  faulted(code: FaultCode | null = null): void {
    this.#fault = code;
    this.#hear("faulted");
  }

  /** The probe ended without saying anything about the server: the next one tries. */
  gaveUp(): void {
    this.#hear("gave_up");
  }

  stand(): BreakerStanding {
    const { state, faults, openedMs } = this.#track;
    if (state === "closed") return { state, faults, opened: null, coolingMs: 0 };
    const nowMs = this.#clock.monotonicMs();
    const atMs = this.#clock.nowMs() - (nowMs - openedMs);
    const opened = { atMs, fault: this.#fault };
    const coolingMs = state === "open" ? toCoolingMs(this.#track, nowMs) : 0;
    return { state, faults, opened, coolingMs };
  }

  #hear(news: BreakerNews): void {
    const { state } = this.#track;
    this.#track = stepBreaker(this.#track, news, this.#clock.monotonicMs());
    if (this.#track.state !== state) this.#onMove(this.#track.state);
  }
}
