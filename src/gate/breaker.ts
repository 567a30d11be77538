import {
  breakerStates,
  Fault,
  transition,
  type BreakerMove,
  type BreakerState,
} from "../model/index.ts";
import type { Clock } from "../ports/clock.ts";

const tripAfter = 3;
const coolMs = 30_000;

/** Three faults in a row open it; after 30 s one call tries, and decides for the others. */
export class Breaker {
  readonly #clock: Clock;
  readonly #name: string;
  readonly #onMove: (to: BreakerState) => void;
  #state: BreakerState = breakerStates.initial;
  #faults = 0;
  #openedMs = 0;

  constructor(clock: Clock, name: string, onMove: (to: BreakerState) => void) {
    this.#clock = clock;
    this.#name = name;
    this.#onMove = onMove;
  }

  get state(): BreakerState {
    return this.#state;
  }

  /** Throws while calls are not let through. True for the one that is let through after the cooling. */
  check(): boolean {
    if (this.#state === "closed") return false;
    const waitMs = this.#openedMs + coolMs - this.#clock.monotonicMs();
    if (this.#state === "open" && waitMs <= 0) {
      this.#move("cooled");
      return true;
    }
    throw new Fault("upstream_open", `${this.#name} failed ${tripAfter} times in a row.`, {
      details: { retryAfterMs: Math.max(1, Math.ceil(waitMs)) },
    });
  }

  succeeded(): void {
    this.#faults = 0;
    if (this.#state === "probing") this.#move("succeeded");
  }

  faulted(): void {
    this.#faults += 1;
    if (this.#state === "probing") this.#move("faulted");
    else if (this.#state === "closed" && this.#faults >= tripAfter) this.#move("tripped");
  }

  /** The probe ended without saying anything about the server: the next one tries. */
  gaveUp(): void {
    if (this.#state !== "probing") return;
    this.#move("faulted");
    this.#openedMs = this.#clock.monotonicMs() - coolMs;
  }

  #move(move: BreakerMove): void {
    const moved = transition(breakerStates, this.#state, move);
    if (moved.kind === "refused") return;
    this.#state = moved.to;
    if (moved.to === "open") this.#openedMs = this.#clock.monotonicMs();
    this.#onMove(moved.to);
  }
}
