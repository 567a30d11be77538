import type { Clock } from "../ports/clock.ts";
import type { Telemetry } from "../ports/telemetry.ts";

/** One thing that runs: started in order, stopped in the reverse order. */
export interface Part<T> {
  readonly name: string;
  start(): Promise<T>;
  /** Not called when `start` threw: a part cleans up after its own failed start. */
  stop?(started: T): Promise<void>;
  /** What `stop` is given before the next part is stopped all the same. */
  readonly stopWithinMs?: number;
}

export interface Lifecycle {
  /** Starts the part, or stops everything that was started before and throws what it threw. */
  start<T>(part: Part<T>): Promise<T>;
  /** Stops everything, last started first. Never throws; says whether all of it went well. */
  stop(): Promise<"clean" | "unclean">;
}

/** Closing sockets and pools takes milliseconds; what drains names its own, longer time. */
const defaultStopWithinMs = 10_000;

export interface LifecycleOptions {
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** Fires when whoever starts does not want to any more. */
  readonly signal: AbortSignal;
}

interface Stopping {
  readonly name: string;
  readonly stop: () => Promise<void>;
  readonly withinMs: number;
}

export function createLifecycle({ clock, telemetry, signal }: LifecycleOptions): Lifecycle {
  const started: Stopping[] = [];
  let stopping: Promise<"clean" | "unclean"> | null = null;

  async function stopAll(): Promise<"clean" | "unclean"> {
    let outcome: "clean" | "unclean" = "clean";
    for (let part = started.pop(); part !== undefined; part = started.pop()) {
      if (!(await stopOne(part, { clock, telemetry }))) outcome = "unclean";
    }
    return outcome;
  }
  const stop = () => (stopping ??= stopAll());

  return {
    async start(part) {
      try {
        signal.throwIfAborted();
        const value = await part.start();
        started.push({
          name: part.name,
          stop: async () => part.stop?.(value),
          withinMs: part.stopWithinMs ?? defaultStopWithinMs,
        });
        telemetry.log("debug", "started", { part: part.name });
        signal.throwIfAborted();
        return value;
      } catch (error) {
        await stop();
        throw error;
      }
    },
    stop,
  };
}

async function stopOne(
  { name, stop, withinMs }: Stopping,
  { clock, telemetry }: Pick<LifecycleOptions, "clock" | "telemetry">,
): Promise<boolean> {
  const done = new AbortController();
  const late = clock.sleep(withinMs, done.signal).then(
    () => true,
    () => false,
  );
  try {
    const isLate = await Promise.race([stop().then(() => false), late]);
    telemetry.log(isLate ? "error" : "debug", isLate ? "did not stop in time" : "stopped", {
      part: name,
    });
    return !isLate;
  } catch (fault) {
    telemetry.log("error", "failed to stop", { part: name, fault });
    return false;
  } finally {
    done.abort();
  }
}
