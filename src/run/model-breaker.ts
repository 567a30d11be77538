import { breakerStates, transition, type BreakerMove, type BreakerState } from "../model/index.ts";
import type { Clock } from "../ports/clock.ts";

const tripAfter = 3;
const coolMs = 30_000;

export interface ModelBreaker {
  readonly state: BreakerState;
  /** Whether a request may go there now; changes nothing. */
  isOpen(): boolean;
  /** A request goes there. True: after the cooling time it is the probe, and others are kept away. */
  enter(): boolean;
  succeeded(): void;
  faulted(): void;
  /** The probe ended without saying anything about the backend. */
  gaveUp(): void;
}

/** Three faults in a row keep requests away from a backend; after 30 s one of them tries. */
export function createModelBreaker(clock: Clock, onMove: (to: BreakerState) => void): ModelBreaker {
  let state: BreakerState = breakerStates.initial;
  let faults = 0;
  let openedMs = 0;

  function move(by: BreakerMove): void {
    const moved = transition(breakerStates, state, by);
    if (moved.kind === "refused") return;
    state = moved.to;
    if (state === "open") openedMs = clock.monotonicMs();
    onMove(state);
  }

  const isCool = (): boolean => clock.monotonicMs() >= openedMs + coolMs;

  return {
    get state() {
      return state;
    },
    isOpen: () => state === "probing" || (state === "open" && !isCool()),
    enter: () => {
      if (state !== "open" || !isCool()) return false;
      move("cooled");
      return true;
    },
    succeeded: () => {
      faults = 0;
      move("succeeded");
    },
    faulted: () => {
      faults += 1;
      if (state === "probing") move("faulted");
      else if (faults >= tripAfter) move("tripped");
    },
    gaveUp: () => {
      if (state !== "probing") return;
      move("faulted");
      // The next one may try at once.
      openedMs -= coolMs;
    },
  };
}
