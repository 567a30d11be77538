import type { RunId } from "../model/index.ts";
import type { Bus, Unsubscribe } from "../ports/bus.ts";

/** Hints that there is something new about a run. Whoever must not miss a thing also looks itself. */
export interface RunNews {
  /** Events were noted here, up to this one. */
  noted(run: RunId, head: number): void;
  /** A letter was put into its inbox, wherever its owner is. */
  posted(run: RunId): void;
  onNoted(run: RunId, listener: (head: number) => void): () => void;
  onPosted(run: RunId, listener: () => void): () => void;
  close(): Promise<void>;
}

const channel = "runs";

export async function openRunNews(bus: Pick<Bus, "publish" | "subscribe">): Promise<RunNews> {
  const noted = createListeners<[head: number]>();
  const posted = createListeners<[]>();
  const leave: Unsubscribe = await bus.subscribe(channel, (run) => {
    // Something may have been missed.
    if (run === null) posted.tellAll();
    else posted.tell(run as RunId);
  });
  return {
    noted: noted.tell,
    posted(run) {
      posted.tell(run);
      bus.publish(channel, run).catch(() => undefined);
    },
    onNoted: noted.add,
    onPosted: posted.add,
    close: leave,
  };
}

function createListeners<Told extends unknown[]>() {
  const listeners = new Map<RunId, Set<(...told: Told) => void>>();
  return {
    tell: (run: RunId, ...told: Told): void =>
      listeners.get(run)?.forEach((listener) => listener(...told)),
    tellAll: (...told: Told): void =>
      listeners.forEach((each) => {
        each.forEach((listener) => listener(...told));
      }),
    add: (run: RunId, listener: (...told: Told) => void): (() => void) => {
      const set = listeners.get(run) ?? new Set();
      listeners.set(run, set.add(listener));
      return () => {
        set.delete(listener);
        if (set.size === 0 && listeners.get(run) === set) listeners.delete(run);
      };
    },
  };
}
