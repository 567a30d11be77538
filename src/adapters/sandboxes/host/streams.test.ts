import { randomUUID } from "node:crypto";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, existsSync, fstatSync, mkdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { readOwner, toGroupName } from "./owner.ts";
import { openStreams, sweepStreams } from "./streams.ts";

const toName = () => toGroupName(readOwner(), randomUUID().replaceAll("-", ""));

test.runIf(process.platform === "linux")(
  "a program gets pipes, which belong to no network, and no name of them is left",
  async () => {
    const name = toName();
    const streams = await openStreams("mkfifo", name);
    expect(streams.given.map((descriptor) => fstatSync(descriptor).isFIFO())).toEqual([
      true,
      true,
      true,
    ]);
    expect(existsSync(path.join(tmpdir(), name))).toBe(false);
    streams.destroy();
  },
);

test.runIf(process.platform === "linux")(
  "what is written goes through, and an end is seen once nobody holds the other",
  async () => {
    const streams = await openStreams("mkfifo", toName());
    streams.stdin.end("said");
    // It waits for its input to end, which it would not if somebody else still held it.
    const cat = spawn("cat", { stdio: [...streams.given], timeout: 10_000 });
    streams.release();
    expect(await once(cat, "exit")).toEqual([0, null]);
    let heard = "";
    for await (const chunk of streams.stdout) heard += String(chunk);
    expect(heard).toBe("said");
    streams.destroy();
  },
);

test.skipIf(process.platform !== "linux")(
  "a second release closes nobody else's descriptor",
  async () => {
    const streams = await openStreams("mkfifo", toName());
    streams.release();
    const other = await openStreams("mkfifo", toName());
    streams.release();
    streams.destroy();
    for (const descriptor of other.given) expect(fstatSync(descriptor).isFIFO()).toBe(true);
    other.destroy();
  },
);

test.skipIf(process.platform !== "linux")(
  "a system that makes no pipes leaves no folder",
  async () => {
    const name = toName();
    await expect(openStreams("/nowhere/mkfifo", name)).rejects.toThrow("ENOENT");
    expect(existsSync(path.join(tmpdir(), name))).toBe(false);
  },
);

test.skipIf(process.platform !== "linux")(
  "what a killed server left is swept, and not what another one is at",
  async () => {
    const owner = readOwner();
    const left = path.join(tmpdir(), toGroupName({ ...owner, beganAt: "1" }, "0a"));
    const own = path.join(tmpdir(), toGroupName(owner, "0b"));
    const others = path.join(tmpdir(), toGroupName({ ...owner, beganAt: "1" }, "0c"));
    const isRoot = process.getuid?.() === 0;
    const folders = [left, own, ...(isRoot ? [others] : [])];
    for (const folder of folders) mkdirSync(folder);
    // Whoever gives a folder of his such a name gets nothing taken away by it.
    if (isRoot) chownSync(others, 1_234, 1_234);
    await sweepStreams();
    expect(folders.filter((folder) => existsSync(folder))).toEqual(folders.slice(1));
    for (const folder of folders.slice(1)) rmSync(folder, { recursive: true });
  },
);
