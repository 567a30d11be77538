import { cpSync, symlinkSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { house, makeFolder, start } from "./bootstrap/made-up-checkout.ts";

test("what is built runs without src", async () => {
  const root = makeFolder();
  for (const part of ["bin", "package.json"]) {
    cpSync(path.join(house, part), path.join(root, part), { recursive: true });
  }
  symlinkSync(path.join(house, "node_modules"), path.join(root, "node_modules"));
  const tsc = path.join(house, "node_modules", "typescript", "bin", "tsc");
  const args = [
    tsc,
    "-p",
    path.join(house, "tsconfig.build.json"),
    "--outDir",
    path.join(root, "dist"),
  ];
  const built = await start(process.execPath, args, { cwd: house }).ended;
  expect(built.stdout).toBe("");
  expect(built.code).toBe(0);
  const version = await start(process.execPath, ["bin/countersign.js", "version"], { cwd: root })
    .ended;
  expect(version.stdout, version.stderr).toContain("countersign 0.1.0");
  expect(version.code).toBe(0);
}, 180_000);
