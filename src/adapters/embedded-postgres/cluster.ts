import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { text } from "node:stream/consumers";
import path from "node:path";
import { Fault } from "../../model/index.ts";
import type { Random } from "../../ports/random.ts";
import type { Binaries } from "./binaries.ts";
import { postgresMajor } from "./binary-digests.ts";
import { toDiskFault, withDiskFaults } from "./disk-fault.ts";
import { adoptFiles, spawnAs, type Identity } from "./identity.ts";
import type { Layout } from "./layout.ts";

interface ClusterOptions {
  readonly layout: Layout;
  readonly binaries: Binaries;
  readonly identity: Identity;
  readonly random: Random;
}

/** Makes the cluster unless it is there, and returns its password. */
export async function prepareCluster(options: ClusterOptions): Promise<string> {
  const { layout, identity } = options;
  return withDiskFaultsAsync(layout.root, async () => {
    refuseOtherMajor(layout);
    removeLeftovers(layout.root);
    if (!existsSync(layout.cluster)) await makeCluster(options);
    adoptFiles(identity, layout.cluster);
    if (layout.socket !== null) makeOwned(layout.socket, identity);
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
  writeFileSync(password, Buffer.from(random.bytes(24)).toString("base64url"), { mode: 0o600 });
  giveAway(password, identity);
  await runInitdb({ binaries, identity, directory: cluster, passwordFile: password });
  renameSync(password, path.join(cluster, path.basename(layout.password)));
  try {
    renameSync(cluster, layout.cluster);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOTEMPTY" && code !== "EEXIST") throw error;
  }
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
  const [code, out, err] = await Promise.all([ended, text(child.stdout!), text(child.stderr!)]);
  if (code === 0) return;
  const said = `${out}${err}`.trim().slice(-2_000);
  throw (
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

function makeOwned(directory: string, identity: Identity): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  chmodSync(directory, 0o700);
  giveAway(directory, identity);
}

function giveAway(file: string, identity: Identity): void {
  if (identity.kind === "self") return;
  const { uid, gid } = identity.kind === "user" ? identity : { uid: 0, gid: 0 };
  chownSync(file, uid, gid);
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
