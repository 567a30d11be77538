import { spawn } from "node:child_process";
import { accessSync, constants, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { readText } from "./pinned-node.js";
import { showProgress } from "./progress.js";

// A mirror that does not answer must not hold the tests up for ever.
const APT_MS = 5 * 60_000;

/** @typedef {{ readonly package: string, readonly command: string, readonly reason: string, readonly service?: string }} SystemPackage */

/**
 * @typedef {object} Machine
 * @property {boolean} isRoot
 * @property {boolean} hasApt
 * @property {string} path
 * @property {(args: readonly string[]) => Promise<number>} apt
 * @property {(service: string) => Promise<number>} disable
 * @property {(line: string) => void} print
 */

/** @returns {readonly SystemPackage[]} */
export function readSystemPackages() {
  const text = readFileSync(
    fileURLToPath(new URL("../system-packages.json", import.meta.url)),
    "utf8",
  );
  return /** @type {SystemPackage[]} */ (JSON.parse(text));
}

/**
 * What the tests need from the system. As root on Debian or Ubuntu it is installed; otherwise the
 * line to run is printed, and the tests that need it skip and are listed as not run.
 *
 * @param {readonly SystemPackage[]} [packages]
 * @param {Machine} [machine]
 * @returns {Promise<readonly SystemPackage[]>} what is still missing
 */
export async function ensureSystemPackages(
  packages = readSystemPackages(),
  machine = thisMachine(),
) {
  const missing = packages.filter(({ command }) => !isOnPath(command, machine.path));
  if (missing.length === 0) return [];
  const names = missing.map((entry) => entry.package);
  if (machine.hasApt && machine.isRoot) {
    for (const entry of missing)
      machine.print(`installing ${entry.package} with apt: ${entry.reason}`);
    await installWithApt(names, machine);
    // Tests start what they need themselves; nobody else asked for it to run.
    for (const { service } of missing) if (service !== undefined) await machine.disable(service);
  }
  const left = packages.filter(({ command }) => !isOnPath(command, machine.path));
  if (left.length === 0) return [];
  for (const entry of left) machine.print(`NOT RUN without ${entry.package}: ${entry.reason}`);
  const leftNames = left.map((entry) => entry.package).join(" ");
  machine.print(
    machine.hasApt
      ? `to run them too: ${machine.isRoot ? "" : "sudo "}apt-get install -y ${leftNames}`
      : `to run them too, install: ${leftNames}`,
  );
  return left;
}

/**
 * @param {readonly string[]} names
 * @param {Machine} machine
 */
async function installWithApt(names, machine) {
  const install = ["install", "-y", "--no-install-recommends", ...names];
  // Fresh images carry no package lists; others do, and need no minute to fetch them.
  if ((await machine.apt(install)) === 0) return;
  if ((await machine.apt(["update"])) === 0) await machine.apt(install);
}

/**
 * @param {string} command
 * @param {string} searchPath
 */
export function isOnPath(command, searchPath) {
  return searchPath.split(path.delimiter).some((folder) => {
    try {
      accessSync(path.join(folder, command), constants.X_OK);
      return folder !== "";
    } catch {
      return false;
    }
  });
}

/** @returns {Machine} */
function thisMachine() {
  const release = readText("/etc/os-release") ?? "";
  const searchPath = process.env["PATH"] ?? "";
  return {
    isRoot: process.getuid?.() === 0,
    hasApt: /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(release) && isOnPath("apt-get", searchPath),
    path: searchPath,
    apt: runApt,
    disable: (service) => run("systemctl", ["disable", service]),
    print: (line) => process.stderr.write(`countersign: ${line}\n`),
  };
}

/** @param {readonly string[]} args */
function runApt(args) {
  const done = showProgress(`apt-get ${args.join(" ")}`);
  return run("apt-get", ["-q", ...args]).finally(() => done());
}

/**
 * With `SYSTEMD_OFFLINE` systemd starts no service of a package that is installed.
 *
 * @param {string} command
 * @param {readonly string[]} args
 */
function run(command, args) {
  return new Promise((/** @type {(code: number) => void} */ resolve) => {
    const child = spawn(command, args, {
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive", SYSTEMD_OFFLINE: "1" },
      stdio: ["ignore", "ignore", "inherit"],
      timeout: APT_MS,
    });
    child.once("error", () => resolve(1));
    child.once("exit", (code) => resolve(code ?? 1));
  });
}
