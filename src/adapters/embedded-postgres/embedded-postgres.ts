import { chmodSync, existsSync, mkdirSync, realpathSync, statSync } from "node:fs";
import path from "node:path";
import type { Clock } from "../../ports/clock.ts";
import type { Random } from "../../ports/random.ts";
import { openBinaries } from "./binaries.ts";
import { prepareCluster } from "./cluster.ts";
import { withDiskFaults } from "./disk-fault.ts";
import { flushDirectory } from "./flush-directory.ts";
import { chooseIdentity } from "./identity.ts";
import { toLayout } from "./layout.ts";
import { endOrphans } from "./orphans.ts";
import {
  adoptPostmaster,
  startPostmaster,
  stopPostmaster,
  type Postmaster,
  type PostmasterOptions,
} from "./postmaster.ts";
import { findPostmaster, isPostmasterOf } from "./postmaster-file.ts";
import { boundServerLog } from "./server-log.ts";
import { createServerLogTail } from "./server-log-tail.ts";

export interface EmbeddedPostgresOptions {
  /** Holds the cluster, its password, its socket and its log. Used by one supervisor at a time. */
  readonly dataDir: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: (level: "info" | "warn" | "error", line: string) => void;
}

export interface EmbeddedPostgres {
  /** Stays the same when a crashed postmaster is started again. */
  readonly url: string;
  readonly pid: number;
  /** It was left running by a parent that was killed. */
  readonly adopted: boolean;
  /** Called whenever the postmaster ended without being told to. */
  onExit(listener: () => void): void;
  stop(): Promise<void>;
}

// Elsewhere than on Linux a look at a process costs a process.
const watchEveryMs = process.platform === "linux" ? 250 : 1_000;
const logCheckEveryMs = 60_000;
const firstPauseMs = 100;
const longestPauseMs = 5_000;

/** A real Postgres of our own: initialised, started or adopted, and kept running until `stop`. */
export async function startEmbeddedPostgres(
  options: EmbeddedPostgresOptions,
): Promise<EmbeddedPostgres> {
  const root = openRoot(options.dataDir);
  const layout = toLayout(root);
  const binaries = withDiskFaults(root, () => openBinaries(root));
  const identity = chooseIdentity(layout.cluster, [root, binaries.postgres]);
  const password = await prepareCluster({ layout, binaries, identity, random: options.random });
  const { clock } = options;
  const parts: PostmasterOptions = { layout, binaries, identity, password, clock };
  const left = await adoptPostmaster(parts);
  const postmaster = left ?? (await startOrAdopt(parts));
  if (left !== null)
    options.log("warn", `adopted the Postgres with pid ${left.pid}, left by a killed parent`);
  return supervise({ ...options, parts, first: postmaster, adopted: left !== null });
}

interface Supervised extends EmbeddedPostgresOptions {
  readonly parts: PostmasterOptions;
  readonly first: Postmaster;
  readonly adopted: boolean;
}

function supervise({ parts, first, adopted, clock, random, log }: Supervised): EmbeddedPostgres {
  const { layout } = parts;
  const stopping = new AbortController();
  const listeners: (() => void)[] = [];
  let current = first;

  async function restart(): Promise<void> {
    let pauseMs = firstPauseMs;
    for (let attempt = 1; !stopping.signal.aborted; attempt++) {
      try {
        current = await startOrAdopt(parts, first.port);
        log("warn", `Postgres runs again with pid ${current.pid}, after ${attempt} attempts`);
        return;
      } catch (error) {
        log(
          "error",
          `Postgres does not start again: ${error instanceof Error ? error.message : String(error)}`,
        );
      }
      await clock.sleep(pauseMs * (0.5 + random.fraction()), stopping.signal);
      pauseMs = Math.min(pauseMs * 2, longestPauseMs);
    }
  }

  async function watch(): Promise<void> {
    const watchLog = createLogWatch(layout.log, { clock, log });
    while (!stopping.signal.aborted) {
      await clock.sleep(watchEveryMs, stopping.signal);
      watchLog();
      if (isPostmasterOf(layout.cluster, current.pid)) continue;
      log("error", `the Postgres with pid ${current.pid} ended by itself`);
      for (const listener of listeners) listener();
      await restart();
    }
  }

  const watching = watch().catch((error: unknown) => {
    if (!stopping.signal.aborted) throw error;
  });

  return {
    url: first.url,
    get pid() {
      return current.pid;
    },
    adopted,
    onExit: (listener) => void listeners.push(listener),
    async stop() {
      stopping.abort(new Error("stopping"));
      await watching;
      // Not always the current one: a restart that was given up may have left one in recovery.
      const left = findPostmaster(layout.cluster)?.pid ?? current.pid;
      await stopPostmaster(layout.cluster, left, clock);
      // It may have been killed, now or before, and its children work on for nobody.
      endOrphans(layout.cluster, "SIGQUIT");
    },
  };
}

/** Passes on what Postgres warns of and keeps its log bounded. That it cannot ends nothing else. */
function createLogWatch(
  file: string,
  { clock, log }: Pick<EmbeddedPostgresOptions, "clock" | "log">,
): () => void {
  const readNewLines = createServerLogTail(file);
  let checkedMs = clock.monotonicMs();
  let isReadable = true;

  return () => {
    try {
      for (const { level, line } of readNewLines()) log(level, line);
      if (clock.monotonicMs() - checkedMs > logCheckEveryMs) {
        checkedMs = clock.monotonicMs();
        boundServerLog(file);
      }
      isReadable = true;
    } catch (error) {
      if (isReadable) log("warn", `cannot look after ${file}: ${String(error)}`);
      isReadable = false;
    }
  };
}

/**
 * A postmaster that was killed leaves children that hold its memory for a moment, or until they are
 * told to end, and another supervisor may have been faster: all end by looking again.
 */
async function startOrAdopt(
  parts: PostmasterOptions,
  port: number | null = null,
): Promise<Postmaster> {
  const attempts = 20;
  for (let attempt = 1; ; attempt++) {
    try {
      return (await adoptPostmaster(parts)) ?? (await startPostmaster(parts, port));
    } catch (error) {
      const said = error instanceof Error ? error.message : "";
      const isHeld = said.includes("shared memory block");
      const passing = isHeld || /lock file|Address already in use/.test(said);
      if (!passing || attempt === attempts) throw error;
      // Idle ones are gone by the fifth look; one that ignores the order is killed.
      if (isHeld && attempt >= 5) {
        endOrphans(parts.layout.cluster, attempt < 10 ? "SIGQUIT" : "SIGKILL");
      }
      await parts.clock.sleep(100);
    }
  }
}

/** Passed through, not read, by the user that Postgres runs as. */
function openRoot(dataDir: string): string {
  return withDiskFaults(dataDir, () => {
    if (!existsSync(dataDir)) makeRoot(dataDir);
    // Postgres reports its directory with links resolved, and we compare.
    return realpathSync(dataDir);
  });
}

/** Another supervisor may make it at the same time; both then use the same. */
function makeRoot(dataDir: string): void {
  // Apart, since a recursive one reports a read-only disk as a missing directory.
  mkdirSync(path.dirname(dataDir), { recursive: true });
  try {
    mkdirSync(dataDir);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST" || !statSync(dataDir).isDirectory()) {
      throw error;
    }
  }
  chmodSync(dataDir, 0o711);
  flushDirectory(path.dirname(dataDir));
}
