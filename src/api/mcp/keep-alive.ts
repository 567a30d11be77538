import type { Clock } from "../../ports/clock.ts";
import type { Answering } from "./answering.ts";

/** Proxies close what is silent for a minute or less. */
const everyMs = 15_000;

/** One timer for all open streams, and for all answers that are still to come. */
export function createKeepAlive(clock: Clock) {
  const streams = new Set<Answering>();
  let isTicking = false;

  async function tick(): Promise<void> {
    isTicking = true;
    while (streams.size > 0) {
      await clock.sleep(everyMs);
      for (const stream of streams) stream.keepAlive();
    }
    isTicking = false;
  }

  return {
    add(stream: Answering): () => void {
      streams.add(stream);
      if (!isTicking) void tick();
      return () => void streams.delete(stream);
    },
  };
}
