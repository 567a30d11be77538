import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import path from "node:path";
import type { TestContext } from "vitest";
import { isOnPath } from "../../bin/bootstrap/system-packages.js";
import { house, makeFolder } from "./made-up-checkout.ts";

/** The path as a machine has it before anything of ours is installed. */
export const systemPath = (process.env["PATH"] ?? "")
  .split(path.delimiter)
  .filter((folder) => !folder.includes("node_modules"))
  .join(path.delimiter);

/** What is committed and nothing else, beside an empty home. */
export function cloneHouse(context: TestContext): { root: string; env: NodeJS.ProcessEnv } {
  context.skip(!isOnPath("git", systemPath), "git is not installed");
  context.skip(!existsSync(path.join(house, ".git")), "this checkout is not a git repository");
  context.skip(!isOnPath("npm", systemPath), "npm is not on the path");
  const folder = makeFolder();
  const root = path.join(folder, "checkout");
  const home = path.join(folder, "home");
  mkdirSync(home);
  // The checkout may belong to somebody else, which git refuses by itself.
  const safe = {
    GIT_CONFIG_COUNT: "1",
    GIT_CONFIG_KEY_0: "safe.directory",
    GIT_CONFIG_VALUE_0: "*",
  };
  execFileSync("git", ["clone", "--quiet", "--no-hardlinks", house, root], {
    env: { ...process.env, ...safe },
    stdio: "pipe",
  });
  return { root, env: { HOME: home, PATH: systemPath } };
}
