import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startChild, type Child } from "./child.ts";
import { toPidFile } from "./countersign.ts";
import { retryUntil, type Patience } from "./patience.ts";
import { Stopped } from "./stopped.ts";

export interface BookingsOptions {
  readonly directory: string;
  /** 0: any free one. */
  readonly port: number;
  readonly log: string;
  readonly patience: Patience;
  readonly say: (line: string) => void;
}

export interface Bookings {
  readonly url: string;
  /** Rejects when it ended so often that it is given up. */
  readonly lost: Promise<never>;
  stop(): Promise<void>;
}

/** How often it is started again; then something is wrong that a start does not mend. */
const maxRestarts = 5;
const pauseMs = 500;
const startWithinMs = 15_000;

/** The server of bookings, in a process of its own. */
export async function startBookings(options: BookingsOptions): Promise<Bookings> {
  const first = await retryUntil(options.patience, () => startOnce(options));
  const { port } = new URL(first.url);
  let child: Child = first.child;
  let isStopping = false;
  async function keep(): Promise<never> {
    for (let restarts = 0; restarts < maxRestarts; restarts += 1) {
      const ended = await child.ended;
      // Nobody waits for it any more.
      if (isStopping) return new Promise<never>(() => undefined);
      options.say(`The bookings server ended (${ended}). It is started again.`);
      await sleep(pauseMs);
      ({ child } = await startOnce({ ...options, port: Number(port) }));
    }
    await child.ended;
    if (isStopping) return new Promise<never>(() => undefined);
    throw new Stopped(
      `The bookings server ended ${maxRestarts + 1} times. ${options.log} says why.`,
    );
  }
  return {
    url: first.url,
    lost: keep(),
    async stop() {
      isStopping = true;
      child.kill("SIGTERM");
      const isOver = await Promise.race([child.ended.then(() => true), sleep(2_000, false)]);
      if (!isOver) child.kill("SIGKILL");
    },
  };
}

async function startOnce({ directory, port, log }: BookingsOptions) {
  const ready = Promise.withResolvers<string>();
  const child = startChild({
    args: [
      path.join(directory, "servers", "bookings.ts"),
      "--with-parent",
      "--state",
      path.join(directory, ".travel"),
      "--port",
      String(port),
      "--after",
      toPidFile(directory),
    ],
    directory,
    log,
    onLine: ({ url }) => {
      if (typeof url === "string") ready.resolve(url);
    },
  });
  const late = new AbortController();
  const url = await Promise.race([
    ready.promise,
    child.ended.then(() => null),
    sleep(startWithinMs, null, { signal: late.signal }),
  ]);
  late.abort();
  if (url !== null) return { url, child };
  child.kill("SIGKILL");
  throw new Stopped(
    `The bookings server does not start on port ${port} of 127.0.0.1. Is the port taken? ${log} says why.`,
  );
}
