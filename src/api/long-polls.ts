import { Fault } from "../model/index.ts";

/** Each holds one of the places that all requests share: 256, if nothing else is configured. */
const mostOfOne = 16;
const mostOfAll = 128;

/** Counts requests that wait for news, so that those who wait leave room for those who do something. */
export interface LongPolls {
  /** Refuses one too many; else what is called once it waits no more. */
  enter(holder: string): () => void;
}

export function createLongPolls(): LongPolls {
  const waiting = new Map<string, number>();
  let all = 0;
  return {
    enter(holder) {
      const own = waiting.get(holder) ?? 0;
      if (own >= mostOfOne || all >= mostOfAll) {
        throw new Fault("overloaded", "Too many requests wait for news. Ask without waiting.", {
          details: { own, all },
        });
      }
      waiting.set(holder, own + 1);
      all += 1;
      return () => {
        all -= 1;
        const left = waiting.get(holder)! - 1;
        if (left === 0) waiting.delete(holder);
        else waiting.set(holder, left);
      };
    },
  };
}
