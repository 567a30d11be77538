import {
  chmodSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  realpathSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { createQemuUnderTest, findLeft } from "./microvm-under-test.ts";
import { plainSpec } from "./sandbox-spec.ts";
import { collectSandbox, describeSandbox } from "./sandbox.ts";

const driver = createQemuUnderTest();
const probe = await driver.probe();
describeSandbox("qemu", {
  driver,
  probe,
  nodePath: "/usr/bin/node",
  findLeft,
  writesMounts: false,
  needsNoPart: true,
  isSlow: true,
});

const hiddenFolder = realpathSync(mkdtempSync(path.join(tmpdir(), "microvm-")));
chmodSync(hiddenFolder, 0o755);
afterAll(() => rmSync(hiddenFolder, { recursive: true }));

describe.runIf(probe.kind === "usable")("qemu alone", { timeout: 120_000 }, () => {
  const project = path.join(hiddenFolder, "project");
  const hidden = [path.join(project, "data"), path.join(project, "key")];
  mkdirSync(hidden[0]!, { recursive: true });
  for (const file of [path.join(hidden[0]!, "secret"), hidden[1]!])
    writeFileSync(file, "of the host", { mode: 0o644 });
  writeFileSync(path.join(project, "code"), "for it");
  const guarded = createQemuUnderTest({ hidden });

  test("what is hidden is not on the disk of the mounts", async () => {
    const command = ["sh", "-c", "ls -A data; cat code; cat data/secret key; true"];
    const mounts = [{ path: project, isWritable: false }];
    const sandbox = await guarded.start({ ...plainSpec, command, mounts, directory: project });
    const { stdout, remains } = await collectSandbox(sandbox);
    expect(stdout).toBe("for it");
    expect(remains).toEqual([]);
  });

  test.each(hidden)("%s is not mounted", async (mount) => {
    const mounts = [{ path: mount, isWritable: false }];
    const started = guarded.start({ ...plainSpec, command: ["true"], mounts });
    await expect(started).rejects.toMatchObject({ code: "sandbox_failed" });
    expect(findLeft()).toEqual([]);
  });

  test("mounts that hold more than their disk are told", async () => {
    const large = path.join(hiddenFolder, "large");
    mkdirSync(large);
    writeFileSync(path.join(large, "file"), Buffer.alloc(1024, 1));
    const handle = openSync(path.join(large, "file"), "r+");
    // Zeros take no room, here or there: only what is written counts.
    for (let at = 0; at < 1_100; at += 1)
      writeSync(handle, Buffer.alloc(1024 * 1024, 1), 0, 1024 * 1024, at * 1024 * 1024);
    closeSync(handle);
    const mounts = [{ path: large, isWritable: false }];
    const refused = await guarded
      .start({ ...plainSpec, command: ["true"], mounts })
      .catch((error: unknown) => error);
    rmSync(large, { recursive: true });
    expect(refused).toMatchObject({ code: "sandbox_failed" });
    expect((refused as Error).message).toContain("1024 MiB at most");
    expect(findLeft()).toEqual([]);
  });

  test("I12: machines of one template draw differently, and know the time", async () => {
    const command = [
      "sh",
      "-c",
      "od -An -N16 -tx1 /dev/urandom; date +%s; cat /proc/sys/kernel/random/uuid",
    ];
    const said = await Promise.all(
      [1, 2, 3].map(async () => collectSandbox(await driver.start({ ...plainSpec, command }))),
    );
    const lines = said.map(({ stdout }) => stdout.trim().split("\n"));
    for (const at of [0, 2]) expect(new Set(lines.map((one) => one[at])).size).toBe(3);
    for (const [, seconds] of lines)
      expect(Math.abs(Number(seconds) - Date.now() / 1_000)).toBeLessThan(60);
  });
});
