import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import path from "node:path";
import { Fault } from "../../model/index.ts";
import type { Random } from "../../ports/random.ts";
import type { Binaries } from "./binaries.ts";
import { postgresMajor } from "./binary-digests.ts";
import { toDiskFault, withDiskFaults } from "./disk-fault.ts";
import { flushDirectory } from "./flush-directory.ts";
import { giveAway, makeOwned, spawnAs, toSpawnFault, type Identity } from "./identity.ts";
import type { Layout } from "./layout.ts";
import { moveUnlessThere } from "./move-unless-there.ts";

interface ClusterOptions {
  readonly layout: Layout;
  readonly binaries: Binaries;
  readonly identity: Identity;
  readonly random: Random;
}

/** Makes the cluster unless it is there, and returns its password. */
export async function prepareCluster(options: ClusterOptions): Promise<string> {
  const { layout } = options;
  return withDiskFaultsAsync(layout.root, async () => {
    refuseOtherMajor(layout);
    removeLeftovers(layout.root);
    if (!existsSync(layout.cluster)) await makeCluster(options);
    return readFileSync(layout.password, "utf8");
  });
}

/**
 * Initialised under another name and moved, its password inside: a cluster is there whole or not
 * at all, and of two that make one at the same time both use the one that was first.
 */
async function makeCluster({ layout, binaries, identity, random }: ClusterOptions): Promise<void> {
  const suffix = Buffer.from(random.bytes(6)).toString("hex");
  const making = path.join(layout.root, `making-${process.pid}-${suffix}`);
  const cluster = path.join(making, "cluster");
  const password = path.join(making, "password");
  makeOwned(making, identity);
  const secret = Buffer.from(random.bytes(24)).toString("base64url");
  writeFileSync(password, secret, { mode: 0o600, flush: true });
  giveAway(password, identity);
  await runInitdb({ binaries, identity, directory: cluster, passwordFile: password });
  renameSync(password, path.join(cluster, path.basename(layout.password)));
  // initdb flushed what it wrote; without these a power cut could take the cluster back.
  flushDirectory(cluster);
  moveUnlessThere(cluster, layout.cluster);
  flushDirectory(layout.root);
  rmSync(making, { recursive: true, force: true });
}

/** Of an initdb that was killed: it never became the cluster. */
function removeLeftovers(root: string): void {
  for (const entry of readdirSync(root)) {
    const pid = /^making-(\d+)-/.exec(entry)?.[1];
    if (pid === undefined || isRunning(Number(pid))) continue;
    rmSync(path.join(root, entry), { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

interface InitdbOptions {
  readonly binaries: Binaries;
  readonly identity: Identity;
  readonly directory: string;
  readonly passwordFile: string;
}

async function runInitdb(options: InitdbOptions): Promise<void> {
  const { binaries, identity, directory, passwordFile } = options;
  const child = spawnAs(identity, {
    file: binaries.initdb,
    args: [
      `--pgdata=${directory}`,
      `--pwfile=${passwordFile}`,
      "--username=countersign",
      "--auth=scram-sha-256",
      "--data-checksums",
      "--encoding=UTF8",
      "--locale-provider=builtin",
      "--locale=C.UTF-8",
      "--no-instructions",
    ],
    environment: binaries.environment,
    output: "pipe",
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", resolve);
  });
  const [code, said] = await Promise.all([ended, text(child.stdout!), text(child.stderr!)]).then(
    ([status, out, err]) => [status, `${out}${err}`.trim().slice(-2_000)] as const,
    (error: Error) => [null, error.message] as const,
  );
  if (code === 0) return;
  throw (
    toSpawnFault(identity, said) ??
    toDiskFault(said, path.dirname(path.dirname(directory))) ??
    new Fault("store_unavailable", `initdb failed: ${said}`, { details: { directory, code } })
  );
}

function refuseOtherMajor({ cluster }: Layout): void {
  const file = path.join(cluster, "PG_VERSION");
  if (!existsSync(file)) return;
  const major = readFileSync(file, "utf8").trim();
  if (major === String(postgresMajor)) return;
  throw new Fault(
    "store_incompatible",
    `${cluster} was made by Postgres ${major}; this version of Countersign brings Postgres ${postgresMajor}. ` +
      "Nothing was changed. Dump it with the Countersign version that made it (`pg_dumpall`), " +
      "move the directory away, start, and load the dump.",
    { details: { found: major, expected: postgresMajor } },
  );
}

async function withDiskFaultsAsync<Result>(
  place: string,
  write: () => Promise<Result>,
): Promise<Result> {
  try {
    return await write();
  } catch (error) {
    if (error instanceof Fault) throw error;
    return withDiskFaults(place, () => {
      throw error;
    });
  }
}
