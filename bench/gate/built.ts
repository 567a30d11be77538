import { execFileSync } from "node:child_process";
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const root = path.resolve(import.meta.dirname, "../..");
let made: string | null = null;
let quiet: string | null = null;

/**
 * The program as it is shipped, compiled: what runs from source carries the compiler that strips its
 * types, some 40 MB of it. Made once a benchmark, in a directory of its own.
 */
export function buildProgram(): string {
  if (made === null) {
    const directory = mkdtempSync(path.join(tmpdir(), "cs-built-"));
    process.once("exit", () => rmSync(directory, { recursive: true, force: true }));
    for (const part of ["bin", "package.json"])
      cpSync(path.join(root, part), path.join(directory, part), { recursive: true });
    symlinkSync(path.join(root, "node_modules"), path.join(directory, "node_modules"));
    const tsc = path.join(root, "node_modules/typescript/bin/tsc");
    const project = path.join(root, "tsconfig.build.json");
    const out = path.join(directory, "dist");
    execFileSync(process.execPath, [tsc, "-p", project, "--outDir", out], { stdio: "inherit" });
    made = directory;
  }
  return path.join(made, "bin/countersign.js");
}

/** Where every sample of a metric goes through. */
const sampling = "function take(sample) {";

/** The same program without metrics, which it has no switch for: what they cost is seen against it. */
export function buildQuietProgram(): string {
  if (quiet === null) {
    const directory = mkdtempSync(path.join(tmpdir(), "cs-quiet-"));
    process.once("exit", () => rmSync(directory, { recursive: true, force: true }));
    const built = path.dirname(path.dirname(buildProgram()));
    cpSync(built, directory, { recursive: true, verbatimSymlinks: true });
    const found = findFile(directory, "prometheus-telemetry.js");
    const text = readFileSync(found, "utf8");
    if (!text.includes(sampling)) throw new Error(`${found} samples in another place by now`);
    writeFileSync(found, text.replace(sampling, `${sampling} return;`));
    quiet = directory;
  }
  return path.join(quiet, "bin/countersign.js");
}

function findFile(directory: string, name: string): string {
  const dist = path.join(directory, "dist");
  const found = readdirSync(dist, { recursive: true, encoding: "utf8" }).find(
    (each) => path.basename(each) === name,
  );
  if (found === undefined) throw new Error(`there is no ${name}`);
  return path.join(dist, found);
}
