import { constants } from "node:fs";
import { access, stat, statfs } from "node:fs/promises";
import { createServer } from "node:net";
import path from "node:path";
import type { KeyRole } from "../../authority/keyring.ts";
import type { ListenAddress } from "../../model/config-field.ts";
import type { Clock } from "../../ports/clock.ts";
import { readKeyFile, toKeyPath } from "../key-files.ts";
import { fail, ok, warn, type Finding } from "./probe.ts";

const oldestMajor = 24;

export async function lookAtNode(version: string): Promise<Finding> {
  const major = Number(/^v(\d+)/.exec(version)?.[1]);
  const where = `${version} at ${process.execPath}`;
  return major >= oldestMajor
    ? ok(where)
    : fail(where, `Install Node ${oldestMajor} or newer, or run it through npm.`);
}

const tightBytes = 1024 ** 3;
const leastBytes = 100 * 1024 ** 2;

/** The data directory, or the nearest one above it where it will be made. */
export async function lookAtDisk(directory: string): Promise<Finding> {
  const place = await nearest(directory);
  const isThere = place === directory;
  try {
    await access(place, constants.W_OK | constants.X_OK);
  } catch {
    return fail(
      `${place} is not writable for this user`,
      "Change its owner or mode, or name another store.directory in countersign.yaml.",
    );
  }
  const { bavail, bsize } = await statfs(place);
  const free = bavail * bsize;
  const where = `${directory}${isThere ? "" : " (not made yet)"}, ${formatBytes(free)} free`;
  if (free < leastBytes) return fail(where, "Free space: Postgres stops writing when it ends.");
  return free < tightBytes ? warn(where, "Free space before it ends.") : ok(where);
}

async function nearest(directory: string): Promise<string> {
  for (let place = directory; ; place = path.dirname(place)) {
    const found = await stat(place).catch(() => null);
    if (found !== null || place === path.dirname(place)) return place;
  }
}

function formatBytes(bytes: number): string {
  const gibibytes = bytes / 1024 ** 3;
  return gibibytes >= 1 ? `${gibibytes.toFixed(1)} GiB` : `${Math.floor(bytes / 1024 ** 2)} MiB`;
}

/** Whether the server could listen there, tried by listening. */
export async function lookAtPort({ host, port }: ListenAddress): Promise<Finding> {
  const place = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  const server = createServer();
  const refused = await new Promise<string | null>((resolve) => {
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ host, port }, () => resolve(null));
  });
  if (refused === null) {
    await new Promise((resolve) => server.close(resolve));
    return ok(`${place} is free`);
  }
  return refused === "EADDRINUSE"
    ? fail(`${place} is used by another program`, "Stop it, or change listen in countersign.yaml.")
    : fail(`${place} cannot be used (${refused})`, "Change listen in countersign.yaml.");
}

/** Who could act with the keys that lie here. */
export async function lookAtKeys(configDirectory: string): Promise<Finding> {
  const roles: readonly KeyRole[] = ["admin", "approver"];
  const found = await Promise.all(
    roles.map(async (role) =>
      (await readKeyFile(toKeyPath(configDirectory, role))) ? role : null,
    ),
  );
  const there = found.filter((role) => role !== null);
  if (there.length === 0) return ok(`none yet; the first start makes them in ${configDirectory}`);
  const both = there.length === roles.length;
  const can = both ? "change the configuration and approve calls" : `act as ${there.join()}`;
  return warn(
    `${there.join(" and ")} in ${configDirectory}, for this user alone (0600). Any process of this user can read ${both ? "both" : "it"}, and so ${can}`,
    "Where agents run on this machine, run them as another user, or keep the approver key elsewhere.",
  );
}

/** A wall clock that jumps, or a monotonic one that does not go on, would break every deadline. */
export async function lookAtClock(clock: Clock): Promise<Finding> {
  const waitMs = 50;
  const wallMs = clock.nowMs();
  const monotonicMs = clock.monotonicMs();
  await clock.sleep(waitMs);
  const elapsedMs = clock.monotonicMs() - monotonicMs;
  const stepMs = Math.abs(clock.nowMs() - wallMs - elapsedMs);
  if (elapsedMs < waitMs - 2) {
    return fail("the monotonic clock does not keep up", "Look at the machine's clock source.");
  }
  return stepMs < 20
    ? ok("wall and monotonic clock go together")
    : warn(
        `the wall clock moved by ${Math.round(stepMs)} ms meanwhile`,
        "Let it be slewed, not stepped.",
      );
}
