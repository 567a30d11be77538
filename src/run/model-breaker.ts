import {
  isBreakerOpen,
  newBreaker,
  stepBreaker,
  type BreakerNews,
  type BreakerState,
} from "../model/index.ts";
import type { Clock } from "../ports/clock.ts";

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

/** Faults in a row keep requests away from a backend; after the cooling time one of them tries. */
export function createModelBreaker(clock: Clock, onMove: (to: BreakerState) => void): ModelBreaker {
  let track = newBreaker;

  /** True when it moved. */
  function hear(news: BreakerNews): boolean {
    const { state } = track;
    track = stepBreaker(track, news, clock.monotonicMs());
    if (track.state === state) return false;
    onMove(track.state);
    return true;
  }

  return {
    get state() {
      return track.state;
    },
    isOpen: () => isBreakerOpen(track, clock.monotonicMs()),
    enter: () => hear("entered"),
    succeeded: () => void hear("succeeded"),
    faulted: () => void hear("faulted"),
    gaveUp: () => void hear("gave_up"),
  };
}
