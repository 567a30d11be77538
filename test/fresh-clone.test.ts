import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, symlinkSync } from "node:fs";
import path from "node:path";
import { expect, test, type TestContext } from "vitest";
import { readPinnedBinaries } from "../bin/bootstrap/pinned-node.js";
import { isOnPath } from "../bin/bootstrap/system-packages.js";
import { house, makeFolder, start } from "./bootstrap/made-up-checkout.ts";
import { proving } from "./scale.ts";

// As a machine has it before anything of ours is installed.
const systemPath = (process.env["PATH"] ?? "")
  .split(path.delimiter)
  .filter((folder) => !folder.includes("node_modules"))
  .join(path.delimiter);

/** What is committed and nothing else, beside an empty home. */
function clone(context: TestContext): { root: string; env: NodeJS.ProcessEnv } {
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

const oneTest = ["test", "--", "test/scale.test.ts"];

test("a clone holds all that npm test needs besides node_modules", async (context) => {
  const { root, env } = clone(context);
  symlinkSync(path.join(house, "node_modules"), path.join(root, "node_modules"));
  const ended = await start("npm", oneTest, { cwd: root, env }).ended;
  expect(ended.stdout, ended.stderr).toMatch(/^\d+ passed, 0 failed, 0 skipped$/m);
  expect(ended.code).toBe(0);
  const version = await start("node", ["bin/countersign.js", "version"], { cwd: root, env }).ended;
  expect(version.stdout, version.stderr).toContain("countersign ");
  expect(version.code).toBe(0);
});

test("an older Node goes on on the pinned one, with the same arguments and exit code", async (context) => {
  const env = { ...process.env, PATH: systemPath };
  const found = await start("node", ["-p", "process.versions.node"], { cwd: house, env }).ended;
  context.skip(Number.parseInt(found.stdout, 10) >= 24, "the Node on the path is not an older one");
  const version = await start("node", ["bin/countersign.js", "version", "--json"], {
    cwd: house,
    env,
  }).ended;
  expect(version.stdout, version.stderr).toContain(
    `"${readPinnedBinaries().version}"`.replace('"', '"v'),
  );
  const wrong = await start("node", ["bin/countersign.js", "no-such-command"], { cwd: house, env })
    .ended;
  expect(wrong.code).toBe(2);
});

test("npm test in a clone with an empty home installs, runs, and does not install again", async (context) => {
  context.skip(!proving, "installs everything from the registry: npm run prove");
  const { root, env } = clone(context);
  const first = await start("npm", oneTest, { cwd: root, env }).ended;
  expect(first.stderr).toContain("node_modules is missing");
  expect(first.stdout, first.stderr).toMatch(/^\d+ passed, 0 failed, 0 skipped$/m);
  expect(first.code).toBe(0);
  const second = await start("npm", oneTest, { cwd: root, env }).ended;
  expect(second.stderr).not.toContain("npm ci");
  expect(second.code).toBe(0);
});
