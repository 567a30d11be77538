import { createHash } from "node:crypto";
import {
  createReadStream,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { Stop } from "./stop.js";

export const REQUIRED_MAJOR = 24;

/** @typedef {{ readonly package: string, readonly path: string, readonly sha256: string }} PinnedBinary */
/** @typedef {{ readonly version: string, readonly binaries: Readonly<Record<string, PinnedBinary>> }} PinnedBinaries */

/** @returns {PinnedBinaries} */
export function readPinnedBinaries() {
  const text = readFileSync(
    fileURLToPath(new URL("../node-binaries.json", import.meta.url)),
    "utf8",
  );
  return /** @type {PinnedBinaries} */ (JSON.parse(text));
}

/** The platform as npm and the table of binaries name it. */
export const platform = `${process.platform}-${process.arch}`;

/**
 * The Node that the product runs on: the one at hand if it is new enough, else the pinned one,
 * whose bytes are compared with the committed digest first.
 *
 * @param {string} root
 * @param {{ version?: string, execPath?: string, platform?: string, pinned?: PinnedBinaries }} [machine]
 * @returns {Promise<string>}
 */
export async function chooseNode(root, machine = {}) {
  const { version = process.versions.node, execPath = process.execPath } = machine;
  const isNewEnough = Number.parseInt(version, 10) >= REQUIRED_MAJOR;
  if (isNewEnough && !isInside(path.join(root, "node_modules"), execPath)) return execPath;

  const pinned = machine.pinned ?? readPinnedBinaries();
  const name = machine.platform ?? platform;
  const binary = pinned.binaries[name];
  if (binary === undefined) throw new Stop(unsupported(version, name));
  const file = path.join(root, "node_modules", binary.package, binary.path);
  await verify(root, file, binary);
  // As `process.execPath` will say it, however node_modules is reached.
  return realpathSync(file);
}

/**
 * `execPath` is a real path, and node_modules may be a link.
 *
 * @param {string} folder
 * @param {string} file
 */
function isInside(folder, file) {
  try {
    const relative = path.relative(realpathSync(folder), file);
    return !relative.startsWith("..") && !path.isAbsolute(relative);
  } catch {
    return false;
  }
}

/**
 * @param {string} root
 * @param {string} file
 * @param {PinnedBinary} binary
 */
async function verify(root, file, binary) {
  const seen = identify(file);
  if (seen === null) {
    throw new Stop(
      `${path.relative(root, file)} is missing. Remove node_modules and run \`npm start\` again; ` +
        "if npm is told to omit optional packages, let it install them.",
    );
  }
  const cache = path.join(root, "node_modules", ".countersign", "node-verified");
  const identity = `${seen} ${binary.sha256}`;
  if (readText(cache) === identity) return;

  const hash = createHash("sha256");
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash);
  const found = hash.digest("hex");
  if (found !== binary.sha256) {
    throw new Stop(
      `${path.relative(root, file)} is not the binary that was pinned ` +
        `(SHA-256 ${found}, expected ${binary.sha256}). Remove node_modules and run again. ` +
        "If it stays so, do not run it: what the registry serves has changed.",
      10,
    );
  }
  writeQuietly(cache, identity);
}

/**
 * Reading 120 MB at each start would cost more than the rest of it. The inode's change time
 * cannot be set back by a program, so a file that was written to since is read again; who can
 * also write the cache can just as well change this file.
 *
 * @param {string} file
 */
function identify(file) {
  const stat = statSync(file, { bigint: true, throwIfNoEntry: false });
  if (stat === undefined) return null;
  return [file, stat.dev, stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs].join(" ");
}

/**
 * @param {string} version
 * @param {string} name
 */
function unsupported(version, name) {
  const command = name.startsWith("darwin") ? "`brew install node@24`" : "`nvm install 24`";
  return (
    `Countersign runs on Node ${REQUIRED_MAJOR} or newer; this is Node ${version} on ${name}, ` +
    `for which npm has no package of Node ${REQUIRED_MAJOR}. ` +
    `Install Node ${REQUIRED_MAJOR} (https://nodejs.org/en/download, or ${command}) and run again.`
  );
}

/** @param {string} file */
export function readText(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return null;
  }
}

/**
 * For what may be lost: a checkout that we may not write to works too, only slower.
 *
 * @param {string} file
 * @param {string} text
 */
export function writeQuietly(file, text) {
  const draft = `${file}.${process.pid}`;
  try {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(draft, text);
    renameSync(draft, file);
  } catch {
    rmSync(draft, { force: true });
  }
}
