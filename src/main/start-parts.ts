import { Fault } from "../model/index.ts";
import type { Config } from "../model/config.ts";
import type { Clock } from "../ports/clock.ts";

/** The parts of the program that live exactly as long as one revision. */
export interface Running<Parts> {
  readonly parts: Parts;
  /** Lets what is in flight finish, up to the drain time of its own revision. */
  stop(): Promise<void>;
}

/** Must clean up after itself when it throws; the signal fires when nobody waits any more. */
export type StartParts<Parts> = (config: Config, signal: AbortSignal) => Promise<Running<Parts>>;

/** Opening pools and children takes seconds; a minute means that it will not happen. */
const startDeadlineMs = 60_000;
/** What a part may need after its drain time to close sockets and end children. */
const stopGraceMs = 10_000;

export interface StartOptions<Parts> {
  readonly config: Config;
  readonly start: StartParts<Parts>;
  readonly clock: Clock;
}

/** Starts the parts or throws; parts that come up after the deadline are stopped again. */
export async function startParts<Parts>(options: StartOptions<Parts>): Promise<Running<Parts>> {
  const { config, start, clock } = options;
  const deadline = new AbortController();
  const starting = start(config, deadline.signal);
  const done = new AbortController();
  const late = clock.sleep(startDeadlineMs, done.signal).then(
    () => true,
    () => false,
  );
  try {
    const first = await Promise.race([starting, late]);
    if (typeof first === "object") return first;
    deadline.abort();
    void starting.then((running) => running.stop()).catch(() => undefined);
    throw new Fault(
      "deadline_exceeded",
      `The revision did not start within ${startDeadlineMs} ms.`,
    );
  } finally {
    done.abort();
  }
}

/** Waits for the parts to stop, within their drain time and a grace; says whether they did. */
export async function stopParts<Parts>(
  running: Running<Parts>,
  options: { readonly config: Config; readonly clock: Clock },
): Promise<"stopped" | "abandoned"> {
  const done = new AbortController();
  const withinMs = options.config.limits.drainTime + stopGraceMs;
  const late = options.clock.sleep(withinMs, done.signal).then(
    () => "abandoned" as const,
    () => "abandoned" as const,
  );
  try {
    return await Promise.race([running.stop().then(() => "stopped" as const), late]);
  } finally {
    done.abort();
  }
}
