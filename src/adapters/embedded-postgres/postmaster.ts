import { closeSync } from "node:fs";
import { createServer } from "node:net";
import pg from "pg";
import { Fault } from "../../model/index.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Binaries } from "./binaries.ts";
import { toDiskFault, withDiskFaults } from "./disk-fault.ts";
import { adoptFiles, makeOwned, spawnAs, toSpawnFault, type Identity } from "./identity.ts";
import { socketPort, type Layout } from "./layout.ts";
import { findPostmaster, isPostmasterOf, removeStaleFile } from "./postmaster-file.ts";
import { openServerLog, readServerLog, sizeOfServerLog } from "./server-log.ts";

export interface PostmasterOptions {
  readonly layout: Layout;
  readonly binaries: Binaries;
  readonly identity: Identity;
  readonly password: string;
  readonly clock: Clock;
}

/** A running postmaster, ours or one that a killed parent left. */
export interface Postmaster {
  readonly pid: number;
  readonly url: string;
  readonly port: number;
}

// Crash recovery replays at most `max_wal_size` (1 GiB); a slow disk takes a minute for that.
const readyWithinMs = 120_000;
const pollMs = 10;

/** The live postmaster of this cluster, once it answers to our password. */
export async function adoptPostmaster(options: PostmasterOptions): Promise<Postmaster | null> {
  const { layout, clock } = options;
  const deadlineMs = clock.monotonicMs() + readyWithinMs;
  for (;;) {
    const found = findPostmaster(layout.cluster);
    if (found === null) return null;
    if (found.ready) {
      const url = toUrl(options, found.port);
      if (await answers(url, layout.cluster)) return { pid: found.pid, url, port: found.port };
    }
    if (clock.monotonicMs() > deadlineMs) {
      throw new Fault(
        "store_unavailable",
        `The Postgres with pid ${found.pid} uses ${layout.cluster} and does not answer. End it, then start again.`,
        { details: { pid: found.pid } },
      );
    }
    await clock.sleep(pollMs);
  }
}

export async function startPostmaster(
  options: PostmasterOptions,
  keepPort: number | null,
): Promise<Postmaster> {
  const { layout, binaries, identity, clock } = options;
  const port = layout.socket === null ? (keepPort ?? (await findFreePort())) : socketPort;
  const from = sizeOfServerLog(layout.log);
  const output = withDiskFaults(layout.root, () => {
    removeStaleFile(layout.cluster, clock);
    // Only now: the files of a live Postgres stay with the user it runs as.
    adoptFiles(identity, layout.cluster);
    if (layout.socket !== null) makeOwned(layout.socket, identity);
    return openServerLog(layout.log, identity);
  });
  try {
    const child = spawnAs(identity, {
      file: binaries.postgres,
      args: toArguments(layout, port),
      environment: binaries.environment,
      output,
    });
    const state: Start = { ended: false, error: null };
    child.once("exit", () => (state.ended = true));
    child.once("error", (error) => {
      state.ended = true;
      state.error = error;
    });
    child.unref();
    return await waitUntilReady({ ...options, port, from, state });
  } finally {
    closeSync(output);
  }
}

interface Start {
  ended: boolean;
  error: Error | null;
}

interface Waiting extends PostmasterOptions {
  readonly port: number;
  readonly from: number;
  readonly state: Start;
}

async function waitUntilReady(waiting: Waiting): Promise<Postmaster> {
  const { layout, clock, port, state, from } = waiting;
  const deadlineMs = clock.monotonicMs() + readyWithinMs;
  const url = toUrl(waiting, port);
  while (!state.ended && clock.monotonicMs() < deadlineMs) {
    const found = findPostmaster(layout.cluster);
    if (found?.ready === true && (await answers(url, layout.cluster))) {
      return { pid: found.pid, url, port };
    }
    await clock.sleep(pollMs);
  }
  const said = state.error?.message ?? readServerLog(layout.log, from);
  throw (
    toSpawnFault(waiting.identity, said) ??
    toDiskFault(said, layout.root) ??
    new Fault("store_unavailable", `Postgres did not start: ${said}`, {
      details: { log: layout.log },
    })
  );
}

/** Ends it in order, then by force. Returns when it is gone. */
export async function stopPostmaster(cluster: string, pid: number, clock: Clock): Promise<void> {
  // Fast (open transactions are rolled back, a checkpoint is written), immediate, killed.
  const ladder = [
    ["SIGINT", 20_000],
    ["SIGQUIT", 5_000],
    ["SIGKILL", 5_000],
  ] as const;
  for (const [signal, withinMs] of ladder) {
    const deadlineMs = clock.monotonicMs() + withinMs;
    if (!isPostmasterOf(cluster, pid)) return;
    process.kill(pid, signal);
    while (clock.monotonicMs() < deadlineMs) {
      if (!isPostmasterOf(cluster, pid)) return;
      await clock.sleep(pollMs);
    }
  }
  throw new Fault("store_unavailable", `Postgres with pid ${pid} does not end.`);
}

function toArguments({ cluster, socket }: Layout, port: number): readonly string[] {
  const settings = {
    listen_addresses: socket === null ? "127.0.0.1" : "",
    // A list: quoted, since a comma in a path would end one.
    unix_socket_directories: socket === null ? "" : `"${socket.replaceAll('"', '""')}"`,
    unix_socket_permissions: "0700",
    port: String(port),
    timezone: "UTC",
    log_timezone: "UTC",
  };
  return [
    "-D",
    cluster,
    ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
  ];
}

function toUrl({ layout, password }: PostmasterOptions, port: number): string {
  const user = `countersign:${password}`;
  if (layout.socket === null) return `postgres://${user}@127.0.0.1:${port}/postgres`;
  return `postgres://${user}@localhost:${port}/postgres?host=${encodeURIComponent(layout.socket)}`;
}

/** Whether it is the Postgres of this cluster that answers, and to our password. */
async function answers(url: string, cluster: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  // A connection that breaks says so by an event as well; the query has said it already.
  client.on("error", () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ at: string }>(
      "select current_setting('data_directory') as at",
    );
    return rows[0]?.at === cluster;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function findFreePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port was given");
  return address.port;
}
