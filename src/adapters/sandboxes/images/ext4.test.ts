import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findAbsent } from "./install-packages.ts";
import { locate } from "../host/find-program.ts";
import { makeExt4 } from "./ext4.ts";

const folders = `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`;
const isThere =
  (await findAbsent(folders, { mke2fs: "e2fsprogs", debugfs: "e2fsprogs" })).length === 0;
const search = { path: folders, directory: "/" };
const base = mkdtempSync(path.join(tmpdir(), "ext4-"));
afterAll(() => rmSync(base, { recursive: true }));

const tree = path.join(base, "tree");
const large = Buffer.alloc(3_000_000, "large");
beforeAll(() => {
  mkdirSync(path.join(tree, "folder"), { recursive: true });
  writeFileSync(path.join(tree, "folder", "large"), large);
  writeFileSync(path.join(tree, "program"), "#!/bin/sh\n");
  chmodSync(path.join(tree, "program"), 0o755);
  symlinkSync("program", path.join(tree, "link"));
});

async function make(name: string, from = tree): Promise<string> {
  const file = path.join(base, name);
  const program = (await locate("mke2fs", search)) ?? "";
  await makeExt4({ tree: from, file, program, staging: base });
  return file;
}

async function ask(file: string, request: string): Promise<string> {
  const program = (await locate("debugfs", search)) ?? "";
  return execFileSync(program, ["-R", request, file], { encoding: "utf8", stdio: "pipe" });
}

describe.runIf(isThere)("a file system of a tree", () => {
  test("is sound, and holds what the tree held, all of it root's and of no time", async () => {
    if (process.getuid?.() === 0) chownSync(path.join(tree, "program"), 12_345, 70_000);
    const file = await make("one");
    const check = (await locate("e2fsck", search)) ?? "";
    expect(() => execFileSync(check, ["-f", "-n", file], { stdio: "pipe" })).not.toThrow();
    const dumped = path.join(base, "dumped");
    await ask(file, `dump /folder/large ${dumped}`);
    expect(readFileSync(dumped).equals(large)).toBe(true);
    expect(await ask(file, "stat /link")).toContain('Fast link dest: "program"');
    const program = await ask(file, "stat /program");
    expect(program).toMatch(/Mode: +0755/);
    expect(program).toMatch(/User: +0 +Group: +0 /);
    expect(program.match(/time: 0x00000000/g)).toHaveLength(4);
  });

  test("is the same bytes when it is made again, at another time", async () => {
    const first = readFileSync(await make("first"));
    utimesSync(path.join(tree, "program"), 1_000_000_000, 1_000_000_000);
    expect(readFileSync(await make("again")).equals(first)).toBe(true);
  });

  test("is other bytes for another tree", async () => {
    const other = path.join(base, "other");
    cpSync(tree, other, { recursive: true });
    writeFileSync(path.join(other, "program"), "#!/bin/no\n");
    const bytes = readFileSync(await make("of-other", other));
    expect(bytes.equals(readFileSync(await make("of-tree")))).toBe(false);
  });
});
