import type { Duplex } from "node:stream";
import type { Clock } from "../../ports/clock.ts";
import type { EgressLimits } from "../../ports/egress.ts";
import type { NextBytes } from "./next-bytes.ts";
import { toReason } from "./refusal.ts";

export interface Relayed {
  readonly client: Duplex;
  readonly upstream: Duplex;
  /** What the program says, of which the first part was read already. */
  readonly fromClient: NextBytes;
  /** What the upstream says, as the program is to hear it. */
  readonly fromUpstream: NextBytes;
  readonly limits: EgressLimits;
  readonly clock: Clock;
  readonly count: { bytesUp: number; bytesDown: number };
}

interface Way {
  readonly next: NextBytes;
  readonly to: Duplex;
  readonly counted: "bytesUp" | "bytesDown";
  readonly most: number;
}

/**
 * Carries bytes both ways, each way only as fast as the other side reads. Resolves, once the upstream has
 * said all, with how it ended; what is still open then is for the caller to close.
 */
export async function relay(relayed: Relayed): Promise<string> {
  const { client, upstream, fromClient, fromUpstream, limits, clock, count } = relayed;
  const stopped = new AbortController();
  let lastMs = clock.monotonicMs();

  /** Null: there is nothing more to carry this way, as one side has said all or takes no more. */
  async function carry(way: Way): Promise<string | null> {
    for (;;) {
      const chunk = await way.next();
      if (chunk === null) return null;
      if (count[way.counted] + chunk.length > way.most) return `more than ${way.most} bytes`;
      count[way.counted] += chunk.length;
      lastMs = clock.monotonicMs();
      if (!(await write(way.to, chunk))) return null;
    }
  }
  async function carryUp(): Promise<string> {
    const most = limits.upBytes;
    const over = await carry({ next: fromClient, to: upstream, counted: "bytesUp", most });
    if (over !== null) return `${over} up`;
    // There may still be an answer, also from a server that did not want to hear all of it.
    upstream.end();
    return new Promise<never>(() => undefined);
  }
  async function carryDown(): Promise<string> {
    const most = limits.downBytes;
    const over = await carry({ next: fromUpstream, to: client, counted: "bytesDown", most });
    return over === null ? "ended" : `${over} down`;
  }
  async function watchIdle(): Promise<string> {
    for (;;) {
      const leftMs = lastMs + limits.idleMs - clock.monotonicMs();
      if (leftMs <= 0) return `nothing moved for ${limits.idleMs} ms`;
      await clock.sleep(leftMs, stopped.signal);
    }
  }

  const ends = [carryUp(), carryDown(), watchIdle()].map((end) => end.catch(toReason));
  try {
    return await Promise.race(ends);
  } finally {
    stopped.abort();
  }
}

/** False: nobody takes it any more. */
function write(to: Duplex, chunk: Buffer): Promise<boolean> {
  return new Promise((resolve) => {
    to.write(chunk, (error) => resolve(error === null || error === undefined));
  });
}
