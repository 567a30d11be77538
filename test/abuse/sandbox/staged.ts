import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import type { SandboxDriver } from "../../../src/ports/sandbox.ts";
import { smallLimits } from "./attempt.ts";
import { plainSpec } from "../../conformance/sandbox-spec.ts";
import { writesMounts } from "./run-attempt.ts";
import { findByCommand, findByServer } from "./host-processes.ts";
import { tryMaliciousServer } from "./try-malicious-server.ts";
import type { Stage, Staged } from "./stage.ts";
import type { Traps } from "./traps.ts";

const waitMs = 10_000;
/** A machine does not come up as fast. */
const holdMs = 60_000;

async function whenTrue(
  what: string,
  isTrue: () => boolean,
  withinMs: number = waitMs,
): Promise<void> {
  for (let waitedMs = 0; !isTrue(); waitedMs += 20) {
    if (waitedMs > withinMs) throw new Error(`it never came that ${what}`);
    await sleep(20);
  }
}

/** Hands on a descriptor of a canary, as a shell does that was careless. */
const careless = String.raw`
import os, sys
secret = os.open(sys.argv[1], os.O_RDONLY)
for number in (100, 200, 300):
    os.dup2(secret, number)
os.execv(sys.argv[2], sys.argv[2:])
`;

async function startHolder(driver: SandboxDriver, { places }: Traps, marker: string) {
  const command = [process.execPath, path.join(import.meta.dirname, "holder.ts")];
  const holder = spawn(
    "/usr/bin/python3",
    ["-I", "-S", "-c", careless, places.hostFile, ...command, driver.name, marker],
    { stdio: "pipe" },
  );
  let output = "";
  for (const stream of [holder.stdout, holder.stderr])
    stream.on("data", (chunk: Buffer) => {
      output += chunk.toString("utf8");
    });
  const hasSaid = () => /^holding (\[.*\])$/m.exec(output);
  try {
    await whenTrue(
      "the holder holds a sandbox",
      () => hasSaid() !== null || holder.exitCode !== null,
      holdMs,
    );
    const descriptors = JSON.parse(hasSaid()?.[1] ?? "null") as readonly number[] | null;
    if (descriptors === null) throw new Error(output);
    return { holder, descriptors };
  } catch (error) {
    holder.kill("SIGKILL");
    throw new Error(`the holder did not start: ${output}`, { cause: error });
  }
}

function groupFolders(groups: readonly string[]): readonly string[] {
  return groups.flatMap((line) => {
    const [, controllers = "", group = "/"] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    const names = controllers === "" ? ["", "unified"] : controllers.split(",");
    return group === "/" ? [] : names.map((name) => path.join("/sys/fs/cgroup", name, group));
  });
}

/** The server is killed with all its threads; the next one sweeps. */
async function killHolder({ driver, traps, neighbour }: Stage): Promise<void> {
  const marker = `held-${randomUUID()}`;
  const { holder } = await startHolder(driver, traps, marker);
  const isOfSandbox = ({ pid }: { pid: number }): boolean => pid !== holder.pid;
  const findOwn = () => findOf(driver, { server: holder.pid!, marker });
  const running = findOwn().filter(isOfSandbox);
  const folders = new Set(running.flatMap(({ groups }) => groupFolders(groups)).filter(existsSync));
  let neighbourEnded = false;
  void neighbour.ended.then(() => {
    neighbourEnded = true;
  });
  holder.kill("SIGKILL");
  await once(holder, "exit");
  await driver.sweep();
  await whenTrue("nothing of it runs", () => findOwn().length === 0);
  const own = new Set(findOwnFolders());
  const left = [...folders].filter((folder) => existsSync(folder) && !own.has(folder));
  expect(left, "groups that are left").toEqual([]);
  expect(running.length, "there was something to sweep").toBeGreaterThanOrEqual(
    driver.tier === "T3" ? 2 : 4,
  );
  expect(neighbourEnded, "a sandbox of another server was swept").toBe(false);
}

/** What is in a machine, or under a kernel of its own, the host does not see; it sees what runs that. */
const findOf = (driver: SandboxDriver, whose: { server: number; marker: string }) =>
  driver.tier === "T1" ? findByCommand(whose.marker) : findByServer(whose.server);

/** The groups that this process is in, which a driver without groups leaves its programs in. */
function findOwnFolders(): readonly string[] {
  const self = findByCommand(process.argv[1] ?? "").find(({ pid }) => pid === process.pid);
  return groupFolders(self?.groups ?? []);
}

async function inheritDescriptors({ driver, traps }: Stage): Promise<void> {
  const { holder, descriptors } = await startHolder(driver, traps, `held-${randomUUID()}`);
  holder.kill("SIGKILL");
  await once(holder, "exit");
  await driver.sweep();
  expect(descriptors).toEqual([]);
}

/** Whoever breaks out is still nobody, and not the user that the database belongs to. */
async function lookAtUser({ driver }: Stage): Promise<void> {
  const marker = `user-${randomUUID()}`;
  const sandbox = await driver.start({
    command: [
      "/usr/bin/python3",
      "-I",
      "-S",
      "-c",
      "import time; print(1, flush=True); time.sleep(60)",
      marker,
    ],
    environment: {},
    directory: null,
    mounts: [],
    limits: smallLimits,
    onConnection: null,
    authority: null,
  });
  try {
    await once(sandbox.stdout, "data");
    const own = process.getuid?.() ?? 0;
    const running = findOf(driver, { server: process.pid, marker });
    expect(running.length).toBeGreaterThan(0);
    for (const { uid } of running) {
      expect(uid).not.toBe(0);
      expect(uid).not.toBe(65_534);
      if (own !== 0) expect(uid).toBe(own);
    }
  } finally {
    sandbox.kill();
    await sandbox.ended;
  }
}

/** Root gives a sandbox what it may write, and could be led to give away more. */
async function askForMore({ driver, traps }: Stage): Promise<void> {
  if (!writesMounts(driver)) {
    const { writable } = traps.places;
    const { uid: owner } = statSync(writable);
    const mounts = [{ path: writable, isWritable: true }];
    const started = driver.start({ ...plainSpec, command: ["true"], mounts });
    await expect(started).rejects.toMatchObject({ code: "sandbox_failed" });
    expect(statSync(writable).uid).toBe(owner);
    return;
  }
  const outer = path.join(traps.places.hostFolder, `outer-${randomUUID()}`);
  const inner = path.join(outer, "inner");
  mkdirSync(inner, { recursive: true, mode: 0o755 });
  const start = (mount: string) =>
    driver.start({
      command: ["/usr/bin/mkdir", path.join(inner, `of-${path.basename(mount)}`)],
      environment: {},
      directory: mount,
      mounts: [{ path: mount, isWritable: true }],
      limits: smallLimits,
      onConnection: null,
      authority: null,
    });
  expect((await (await start(inner)).ended).reason).toBe("ended with 0");
  // What lies in a folder of the sandbox could be a link by the time that it is given away.
  const planted = path.join(inner, "of-inner", "planted");
  writeFileSync(planted, "of the host");
  const { uid } = statSync(planted);
  expect((await (await start(outer)).ended).reason).toBe("ended with 0");
  expect(statSync(planted).uid).toBe(uid);
}

export const staged: readonly Staged[] = [
  { name: "end: its server is killed, and the next one sweeps", run: killHolder },
  { name: "descriptors: none that its server inherited", run: inheritDescriptors },
  { name: "powers: what its server gives away to it", run: askForMore, asRoot: true },
  { name: "powers: a user of its own on the host", run: lookAtUser },
  { name: "server: a malicious MCP server gets nothing", run: tryMaliciousServer },
];
