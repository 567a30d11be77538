import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { locate } from "../host/find-program.ts";
import type { Missing } from "../host/find-programs.ts";

const run = promisify(execFile);
/** Older ones lack what we ask for, such as running as any user. */
const leastDate = 20_240_729;
const fix = "npx countersign sandbox setup gvisor";
const versionMs = 10_000;

/** The first one of those places, and then of PATH, that is new enough. */
export async function findRunsc(
  places: readonly string[],
  path: string,
): Promise<string | Missing> {
  let old: string | null = null;
  for (const name of [...places, "runsc"]) {
    const file = await locate(name, { path, directory: "/" });
    if (file === null) continue;
    const date = await readDate(file);
    if (date !== null && date >= leastDate) return file;
    old = `\`${file}\` is ${date === null ? "no gVisor that can be asked for its version" : `of ${date}`}`;
  }
  const reason =
    old === null ? "`runsc` is not installed" : `${old}, and ${leastDate} or newer is needed`;
  return { kind: "missing", reason, fix };
}

/** `runsc version 0.0~20240729.0`, `runsc version release-20250407.0`. */
async function readDate(file: string): Promise<number | null> {
  try {
    const { stdout } = await run(file, ["--version"], { env: {}, timeout: versionMs });
    const date = /^runsc version \D*(?:0\.0~)?(\d{8})\b/m.exec(stdout)?.[1];
    return date === undefined ? null : Number(date);
  } catch {
    return null;
  }
}
