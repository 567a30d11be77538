import type { RunId } from "../model/index.ts";
import type { Clock } from "../ports/clock.ts";
import type { Journal } from "./journal.ts";
import { isCancelAsked } from "./take-letters.ts";
import type { EngineOptions } from "./worker.ts";

/** A hint may be lost: while something takes long, the inbox is looked at this often. */
const lookEveryMs = 2_000;

const over = new Error("the run is not carried on any more");

export interface InboxWatch {
  /** Fires when a letter wants the run to end now, or the worker stops. */
  readonly cut: AbortSignal;
  /** Whether there may be letters since it was asked last. */
  takeNews(): boolean;
  stop(): void;
}

interface Watching extends Pick<EngineOptions, "store" | "news"> {
  readonly clock: Clock;
  readonly run: RunId;
  readonly journal: Journal;
}

/** While a run is carried on: notices what others tell it. */
export function watchInbox(watching: Watching, stopping: AbortSignal): InboxWatch {
  const { news, clock, run } = watching;
  const cutting = new AbortController();
  const done = new AbortController();
  let isNew = false;
  let isLooking = false;
  let lookedMs = clock.monotonicMs();

  async function look(): Promise<void> {
    isNew = true;
    if (isLooking) return;
    isLooking = true;
    try {
      if (!(await isCancelAsked(watching.store.runs, watching))) return;
      cutting.abort(new Error("the run is cancelled"));
      // It may have come after the inbox was read last, and nothing is done before it is taken.
      isNew = true;
    } catch {
      // Looked at again at the next hint, or between two steps.
    } finally {
      isLooking = false;
    }
  }

  async function lookOften(): Promise<void> {
    while (!done.signal.aborted) {
      await clock.sleep(lookEveryMs, done.signal).catch(() => undefined);
      if (!done.signal.aborted) await look();
    }
  }

  const forget = news.onPosted(run, () => void look());
  void lookOften();
  return {
    cut: AbortSignal.any([cutting.signal, stopping]),
    takeNews() {
      const nowMs = clock.monotonicMs();
      const isDue = isNew || nowMs - lookedMs >= lookEveryMs;
      if (isDue) lookedMs = nowMs;
      isNew = false;
      return isDue;
    },
    stop() {
      done.abort(over);
      forget();
    },
  };
}
