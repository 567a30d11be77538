import type { RunId } from "../model/index.ts";
import type { Clock } from "../ports/clock.ts";
import type { Journal } from "./journal.ts";
import { hearNews } from "./take-letters.ts";
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

  async function look(): Promise<void> {
    if (isLooking) return;
    isLooking = true;
    try {
      const { isThere, isCancel } = await hearNews(watching.store.runs, watching);
      // It may have come after the inbox was read last, and nothing is done before it is taken.
      isNew ||= isThere;
      if (isCancel) cutting.abort(new Error("the run is cancelled"));
    } catch {
      // Looked at between two steps, and again at the next hint.
      isNew = true;
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

  const forget = news.onPosted(run, () => {
    isNew = true;
    void look();
  });
  void lookOften();
  return {
    cut: AbortSignal.any([cutting.signal, stopping]),
    takeNews() {
      const hadNews = isNew;
      isNew = false;
      return hadNews;
    },
    stop() {
      done.abort(over);
      forget();
    },
  };
}
