import { symlinkSync } from "node:fs";
import path from "node:path";
import { expect, test, vi } from "vitest";
import { readPinnedBinaries } from "../bin/bootstrap/pinned-node.js";
import { cloneHouse, systemPath } from "./bootstrap/clone-house.ts";
import { house, start } from "./bootstrap/made-up-checkout.ts";
import { proving } from "./scale.ts";

// Whole programs, on a machine that may be busy with other tests.
vi.setConfig({ testTimeout: 180_000 });

const oneTest = ["test", "--", "test/scale.test.ts"];

test("a clone holds all that npm test needs besides node_modules", async (context) => {
  const { root, env } = cloneHouse(context);
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
  const { root, env } = cloneHouse(context);
  const first = await start("npm", oneTest, { cwd: root, env }).ended;
  expect(first.stderr).toContain("node_modules is missing");
  expect(first.stdout, first.stderr).toMatch(/^\d+ passed, 0 failed, 0 skipped$/m);
  expect(first.code).toBe(0);
  const second = await start("npm", oneTest, { cwd: root, env }).ended;
  expect(second.stderr).not.toContain("npm ci");
  expect(second.code).toBe(0);
});
