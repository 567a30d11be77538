import { breakerStates, type BreakerMove, type BreakerState } from "./breaker-states.ts";
import { transition } from "./state-table.ts";

/** Faults in a row that open a breaker, and how long nothing goes through then. */
export const tripAfter = 3;
export const coolMs = 30_000;

/** What a breaker knows: a value that each piece of news replaces. */
export interface BreakerTrack {
  readonly state: BreakerState;
  readonly faults: number;
  /** Monotonic. */
  readonly openedMs: number;
}

/** `gave_up`: what was let through as the probe ended without saying anything. */
export type BreakerNews = "entered" | "succeeded" | "faulted" | "gave_up";

export const newBreaker: BreakerTrack = Object.freeze({
  state: breakerStates.initial,
  faults: 0,
  openedMs: 0,
});

/** Whether anything is kept away now; after the cooling time one is let through, and decides for all. */
export function isBreakerOpen(track: BreakerTrack, nowMs: number): boolean {
  return track.state === "probing" || (track.state === "open" && toCoolingMs(track, nowMs) > 0);
}

/** What is left of the cooling time. */
export function toCoolingMs({ openedMs }: BreakerTrack, nowMs: number): number {
  return Math.max(0, openedMs + coolMs - nowMs);
}

export function stepBreaker(track: BreakerTrack, news: BreakerNews, nowMs: number): BreakerTrack {
  switch (news) {
    case "entered":
      return toCoolingMs(track, nowMs) > 0 ? track : move(track, "cooled", nowMs);
    case "succeeded":
      return move({ ...track, faults: 0 }, "succeeded", nowMs);
    case "faulted": {
      const counted = { ...track, faults: track.faults + 1 };
      if (track.state === "probing") return move(counted, "faulted", nowMs);
      return counted.faults < tripAfter ? counted : move(counted, "tripped", nowMs);
    }
    case "gave_up":
      // The next one may try at once.
      return track.state === "probing" ? move(track, "faulted", nowMs - coolMs) : track;
  }
}

/** A move that the state does not have leaves it as it is. */
function move(track: BreakerTrack, by: BreakerMove, atMs: number): BreakerTrack {
  const moved = transition(breakerStates, track.state, by);
  if (moved.kind === "refused") return track;
  return { ...track, state: moved.to, openedMs: moved.to === "open" ? atMs : track.openedMs };
}
