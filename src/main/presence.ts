import type { Clock } from "../ports/clock.ts";
import type { ReplicaRows } from "../ports/replica-rows.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { Lifecycle } from "./lifecycle.ts";

/** Says of this replica each second up to when all that it answered is recorded. */
export interface Presence {
  begin(replica: Present): void;
  /** After the last entry was written. What was lost is left for another replica to say. */
  leave(): Promise<void>;
}

export interface Present {
  readonly id: string;
  readonly flushedBeforeMs: () => number;
}

export interface PresenceOptions {
  readonly rows: ReplicaRows;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

const beatMs = 1_000;

/** Before what answers is started: it leaves once that has written its last entry. */
export function startPresence(
  options: Omit<PresenceOptions, "rows"> & { readonly lifecycle: Lifecycle },
  rows: ReplicaRows,
): Promise<Presence> {
  return options.lifecycle.start({
    name: "presence",
    start: async () => createPresence({ ...options, rows }),
    stop: (started) => started.leave(),
  });
}

export function createPresence({ rows, clock, telemetry }: PresenceOptions): Presence {
  const stop = new AbortController();
  let replica: Present | null = null;
  let running: Promise<void> = Promise.resolve();
  let isBehind = false;

  async function beat({ id, flushedBeforeMs }: Present): Promise<void> {
    try {
      await rows.beat({ id, durableToMs: flushedBeforeMs(), beatAtMs: clock.nowMs() });
      isBehind = false;
    } catch (fault) {
      if (!isBehind) telemetry.log("warn", "this replica's beat could not be written", { fault });
      isBehind = true;
    }
  }

  async function run(of: Present): Promise<void> {
    while (!stop.signal.aborted) {
      await beat(of);
      await clock.sleep(beatMs, stop.signal).catch(() => undefined);
    }
  }

  return {
    begin(given) {
      if (replica !== null) throw new Error("a replica is present once");
      replica = given;
      running = run(given);
    },
    async leave() {
      const atMs = clock.nowMs();
      stop.abort();
      await running;
      if (replica === null) return;
      if (replica.flushedBeforeMs() >= atMs) await rows.leave(replica.id);
      else await beat(replica);
    },
  };
}
