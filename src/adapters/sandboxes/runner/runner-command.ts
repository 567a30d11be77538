import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const isBuilt = import.meta.url.endsWith(".js");
const run = promisify(execFile);

/** In a Node of its own, which says nothing of this being new. */
const strip = `
  import { readFileSync } from "node:fs";
  import { stripTypeScriptTypes } from "node:module";
  process.stdout.write(stripTypeScriptTypes(readFileSync(process.argv[1], "utf8")));
`;

/** Fewer threads, and less memory while it waits; what it starts does not see these. */
const flags = ["--v8-pool-size=0", "--disable-sigusr1", "--max-semi-space-size=1"];

/**
 * The program that waits in a sandbox, as arguments of a Node there: nothing has to be mounted for it, so
 * it is the same in every tier.
 */
export async function readRunnerArguments(): Promise<readonly string[]> {
  const file = fileURLToPath(new URL(`./runner.${isBuilt ? "js" : "ts"}`, import.meta.url));
  const text = isBuilt ? await readFile(file, "utf8") : await stripTypes(file);
  return [...flags, "--input-type=module", "-e", text];
}

async function stripTypes(file: string): Promise<string> {
  const quiet = ["--disable-warning=ExperimentalWarning", "--input-type=module"];
  const { stdout } = await run(process.execPath, [...quiet, "-e", strip, file], { env: {} });
  return stdout;
}
