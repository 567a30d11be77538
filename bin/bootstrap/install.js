import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, rmSync, statSync } from "node:fs";
import path from "node:path";
import { takeInstallLock } from "./install-lock.js";
import { platform, readPinnedBinaries, readText, writeQuietly } from "./pinned-node.js";
import { showProgress } from "./progress.js";
import { Stop } from "./stop.js";

// What npm says when it fails is at its end.
const KEPT_OUTPUT = 16_384;
const INSTALL_MS = 20 * 60_000;

/** @typedef {{ readonly packages: Readonly<Record<string, LockedPackage>> }} Lock */
/**
 * @typedef {object} LockedPackage
 * @property {string} [version]
 * @property {string} [integrity]
 * @property {boolean} [optional]
 * @property {boolean} [link]
 */

/**
 * Brings node_modules to what package-lock.json says, or finds that it is there already.
 *
 * @param {string} root
 * @returns {Promise<void>}
 */
export async function ensureInstalled(root) {
  if (whyInstall(root) === null) return;
  let stopWaiting = () => {};
  const lock = await takeInstallLock(path.join(root, ".install-lock"), {
    onWait: (holder) => {
      stopWaiting = showProgress(`waiting for the installation of process ${holder.split(" ")[0]}`);
    },
  }).finally(() => stopWaiting());
  try {
    // Whoever held the lock before may have done it.
    const reason = whyInstall(root);
    if (reason === null) return;
    await install(root, reason, lock);
    checkInstalled(root);
  } finally {
    lock.release();
  }
}

/**
 * @param {string} root
 * @returns {string | null} the reason to install, in words, or `null`
 */
export function whyInstall(root) {
  const wanted = readText(path.join(root, "package-lock.json"));
  if (wanted === null) throw new Stop("package-lock.json is missing. Take it from git again.");
  const hidden = path.join(root, "node_modules", ".package-lock.json");
  // npm writes this file last, and `npm ci` removes it first: it is there if the rest is.
  const stat = statSync(hidden, { throwIfNoEntry: false });
  if (stat === undefined) {
    const has = statSync(path.join(root, "node_modules"), { throwIfNoEntry: false }) !== undefined;
    return has ? "node_modules is incomplete" : "node_modules is missing";
  }
  const stamp = toStamp(wanted, stat.mtimeMs);
  if (readText(stampFile(root)) === stamp) return null;

  const installed = parseLock(readFileSync(hidden, "utf8"));
  if (installed === null) return "node_modules is incomplete";
  const lock = parseLock(wanted);
  if (lock === null) throw new Stop("package-lock.json is not JSON. Take it from git again.");
  const difference = compare(lock, installed);
  if (difference !== null) return `node_modules is older than package-lock.json (${difference})`;
  const node = readPinnedBinaries().binaries[platform];
  if (
    node !== undefined &&
    statSync(path.join(root, "node_modules", node.package), { throwIfNoEntry: false }) === undefined
  ) {
    return `${node.package} is missing`;
  }
  writeQuietly(stampFile(root), stamp);
  removeNodeLink(root);
  return null;
}

/** @param {string} text */
function parseLock(text) {
  try {
    return /** @type {Lock} */ (JSON.parse(text));
  } catch {
    return null;
  }
}

/**
 * @param {Lock} wanted
 * @param {Lock} installed
 * @returns {string | null} the first package that differs
 */
function compare(wanted, installed) {
  for (const [name, entry] of Object.entries(wanted.packages)) {
    if (name === "" || entry.link === true) continue;
    const present = installed.packages[name];
    // Packages for other platforms are in the lock only.
    if (present === undefined && entry.optional === true) continue;
    if (present?.version !== entry.version || present?.integrity !== entry.integrity) {
      return name.replace(/^.*node_modules\//, "");
    }
  }
  return null;
}

/** @param {string} root */
function stampFile(root) {
  return path.join(root, "node_modules", ".countersign", "installed");
}

/**
 * @param {string} wanted
 * @param {number} hiddenMtimeMs moves whenever npm changes the tree, whoever called it
 */
function toStamp(wanted, hiddenMtimeMs) {
  return `${createHash("sha256").update(wanted).digest("hex")} ${hiddenMtimeMs} ${platform}`;
}

/** @param {string} root */
function checkInstalled(root) {
  const reason = whyInstall(root);
  if (reason !== null)
    throw new Stop(`npm ci ended well, and yet ${reason}. Is npm told to omit packages?`);
}

/**
 * npm puts node_modules/.bin in front of the path of each script, and there the pinned Node
 * would run before anyone has compared it with its digest.
 *
 * @param {string} root
 */
function removeNodeLink(root) {
  for (const name of ["node", "node.cmd", "node.ps1"]) {
    try {
      rmSync(path.join(root, "node_modules", ".bin", name), { force: true });
    } catch {
      // Not ours to change; then it is compared when it runs this file.
    }
  }
}

/**
 * @param {string} root
 * @param {string} reason
 * @param {import("./install-lock.js").InstallLock} lock
 */
async function install(root, reason, lock) {
  const done = showProgress(`installing what package-lock.json names, since ${reason} (npm ci)`);
  const args = ["ci", "--include=dev", "--include=optional", "--no-audit", "--no-fund"];
  // npm's own Node may be older than what packages name as engine; they run on the pinned one.
  const quiet = ["--loglevel=error", "--no-engine-strict", "--no-progress"];
  const { code, output } = await runNpm(root, [...args, ...quiet], lock);
  if (code === 0) {
    done("installed");
    return;
  }
  done();
  process.stderr.write(`${output.trim()}\n`);
  throw new Stop(
    `npm ci failed (exit ${code}). What it said is above; nothing half-done will be used.`,
    1,
  );
}

/**
 * @param {string} root
 * @param {readonly string[]} args
 * @param {import("./install-lock.js").InstallLock} lock
 * @returns {Promise<{ code: number | string, output: string }>}
 */
function runNpm(root, args, lock) {
  const script = process.env["npm_execpath"];
  const isScript = script !== undefined && /npm-cli\.c?js$/.test(script);
  const command = isScript ? (process.env["npm_node_execpath"] ?? process.execPath) : "npm";
  return new Promise((resolve) => {
    const child = spawn(command, isScript ? [script, ...args] : args, {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"],
      // npm is a batch file on Windows, which only a shell starts. The arguments are ours.
      shell: !isScript && process.platform === "win32",
    });
    if (child.pid !== undefined) lock.addHolder(child.pid);
    let output = "";
    /** @param {Buffer} chunk */
    const keep = (chunk) => {
      output = (output + chunk.toString("utf8")).slice(-KEPT_OUTPUT);
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    const timer = setTimeout(() => child.kill(), INSTALL_MS);
    const stop = stopOnSignal(child);
    /** @param {number | string} code */
    const end = (code) => {
      clearTimeout(timer);
      stop();
      resolve({ code, output });
    };
    child.once("error", (error) => {
      output += `\n${error.message}\nIs npm installed?`;
      end("not started");
    });
    child.once("close", (code, signal) => end(code ?? signal ?? "unknown"));
  });
}

/** @param {import("node:child_process").ChildProcess} child */
function stopOnSignal(child) {
  const signals = /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"]);
  const listener = () => {
    child.kill();
  };
  for (const signal of signals) process.on(signal, listener);
  return () => {
    for (const signal of signals) process.off(signal, listener);
  };
}
