import { execFile } from "node:child_process";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { startEmbeddedPostgres } from "../src/adapters/embedded-postgres/embedded-postgres.ts";
import { systemClock } from "../src/adapters/system/system-clock.ts";
import { systemRandom } from "../src/adapters/system/system-random.ts";
import { moveUnlessThere } from "../src/adapters/embedded-postgres/move-unless-there.ts";

/** Of this run, in a folder that vitest.config.ts names and takes away. */
const house = process.env["COUNTERSIGN_TEST_SHARED"];
const run = promisify(execFile);
let drafts = 0;

/**
 * Lays an empty cluster where Postgres would make one. Making it takes most of a first start, and is shown
 * by the tests of embedded Postgres and by those that start on a bare folder.
 */
export async function layOutCluster(dataDir: string): Promise<void> {
  if (house === undefined || existsSync(dataDir)) return;
  const from = await findCluster(house);
  mkdirSync(path.dirname(dataDir), { recursive: true });
  const draft = `${dataDir}-${process.pid}-${(drafts += 1)}`;
  // With the users that own it; blocks are shared where the file system can.
  await run("cp", ["-a", from, draft]);
  moveUnlessThere(draft, dataDir);
}

/** Made by the first that needs it. */
async function findCluster(folder: string): Promise<string> {
  const made = path.join(folder, "cluster");
  if (existsSync(made)) return made;
  mkdirSync(folder, { recursive: true, mode: 0o711 });
  const draft = path.join(folder, `cluster-${process.pid}-${(drafts += 1)}`);
  const postgres = await startEmbeddedPostgres({
    dataDir: draft,
    clock: systemClock,
    random: systemRandom,
    log: () => undefined,
  });
  await postgres.stop();
  // These say where it lay.
  for (const own of ["socket", "lib", "postgres.log"])
    rmSync(path.join(draft, own), { recursive: true, force: true });
  moveUnlessThere(draft, made);
  return made;
}
