import type { RunId } from "../model/index.ts";

/** Measured: an event takes a twentieth of this to be read and counted, so a look takes a few hundredths of the time at most. */
const restMsPerEvent = 5;
/** Less than what comes late is waited for, so that no run ends unseen. */
const longestRestMs = 5 * 60_000;

/** When a tree was looked at: that reads all of it, so a long one that goes on is not looked at each time. */
export class LookTimes {
  /** By root: until when it rests. */
  readonly #untilMs = new Map<RunId, number>();

  /** Of what rests no more nothing is known. */
  forget(nowMs: number): void {
    for (const [root, untilMs] of this.#untilMs) if (untilMs <= nowMs) this.#untilMs.delete(root);
  }

  isResting(root: RunId, nowMs: number): boolean {
    return (this.#untilMs.get(root) ?? 0) > nowMs;
  }

  /** What rests for less than the time between two rounds is not noted. */
  note(root: RunId, { events, nowMs }: { readonly events: number; readonly nowMs: number }): void {
    const restMs = Math.min(events * restMsPerEvent, longestRestMs);
    if (restMs > betweenRoundsMs) this.#untilMs.set(root, nowMs + restMs);
  }
}

export const betweenRoundsMs = 5_000;
