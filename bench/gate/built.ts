import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const root = path.resolve(import.meta.dirname, "../..");
let made: string | null = null;

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
