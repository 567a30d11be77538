import type { ServerResponse } from "node:http";
import type { Clock } from "../../ports/clock.ts";

/** Whoever reads nothing for so long keeps the place of somebody who would. */
const unreadMs = 60_000;

/** Waits until an answer that was ended is out, or cuts a client that does not take it. */
export async function untilSent(outgoing: ServerResponse, clock: Clock): Promise<void> {
  if (outgoing.writableFinished || outgoing.destroyed) return;
  const done = new AbortController();
  const sent = new Promise<void>((resolve) => {
    outgoing.once("finish", resolve);
    outgoing.once("close", resolve);
  });
  const late = clock.sleep(unreadMs, done.signal).then(
    () => void outgoing.destroy(),
    () => undefined,
  );
  await Promise.race([sent, late]);
  done.abort();
}
