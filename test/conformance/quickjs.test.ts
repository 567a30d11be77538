import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { noGroupPlaces } from "../../src/adapters/sandboxes/host/group-places.ts";
import type { SandboxSpec } from "../../src/ports/sandbox.ts";
import { createQuickjsUnderTest } from "./quickjs-under-test.ts";
import { collectSandbox } from "./sandbox.ts";

/**
 * The suite of the other drivers runs programs of the system: a shell that reads files, starts others
 * and looks at its limits. T0 runs no programs, has no files and starts nothing, so that this suite says
 * the same of it in its own words, and that it refuses everything else.
 */
const whole = createQuickjsUnderTest(67_000);
const bare = createQuickjsUnderTest(67_100, { findGroups: () => noGroupPlaces });
const probe = await whole.driver.probe();
if (probe.kind === "missing") console.log(`NOT RUN: sandboxes by quickjs: ${probe.reason}`);

describe.runIf(probe.kind === "usable").each([
  ["quickjs", whole],
  ["quickjs without groups", bare],
])("sandboxes by %s", (_, { driver, start, run, findProcesses }) => {
  test("says what its canary saw, and what holds each limit", async () => {
    expect(await driver.probe()).toMatchObject({
      kind: "usable",
      evidence: expect.arrayContaining([expect.stringContaining("endless loop")]),
      enforcement: { memoryBytes: "engine", processes: "engine" },
    });
  });

  test("prints the value of the last expression, waits for it, and carries the streams", async () => {
    const code = `console.log("said", 1, { a: [2] }); console.error("wrong");
      const later = (async () => ({ length: input.length, input }))(); later`;
    expect(await run(code, { input: "in ü" })).toMatchObject({
      stdout: `said 1 {"a":[2]}\n{"length":4,"input":"in ü"}\n`,
      stderr: "wrong\n",
      reason: "ended with 0",
      remains: [],
    });
  });

  test.each([
    ["undefined", ""],
    ["null", "null\n"],
    ["await 5", "5\n"],
    [`"ü\\u0000\\ud800"`, `"ü\\u0000\\ud800"\n`],
    ["() => 1", ""],
  ])("prints %s as %j", async (code, stdout) => {
    expect(await run(code)).toMatchObject({ stdout, stderr: "", reason: "ended with 0" });
  });

  test.each([
    [`throw new TypeError("no")`, /^TypeError: no\n\s+at <eval> \(code:1/],
    ["let a = ;", /^SyntaxError: .*\n\s+at code:1:9/],
    ["1n", /^TypeError: BigInt/],
    ["await Promise.reject(7)", /^7\n$/],
    ["await new Promise(() => {})", /^Nothing is left to do/],
    ["Promise.reject(new Error()); 5", /^A promise was rejected/],
    [`queueMicrotask(() => { throw new Error("later") }); 5`, /^Error: later/],
  ])("tells what went wrong in %s", async (code, stderr) => {
    expect(await run(code)).toMatchObject({
      stderr: expect.stringMatching(stderr),
      reason: "ended with 1",
    });
  });

  test("carries more than a pipe holds, both ways", async () => {
    const input = "0123456789abcdef".repeat(64 * 1024);
    const { stdout } = await run("console.log(input)", { input });
    expect(stdout === `${input}\n`).toBe(true);
  });

  test("takes a bounded input", async () => {
    const { reason, stderr } = await run("1", { input: "x".repeat(16 * 1024 * 1024 + 1) });
    expect({ reason, stderr }).toEqual({
      reason: "ended with 1",
      stderr: "The input is longer than 16777216 bytes.\n",
    });
  });

  test.each<Partial<SandboxSpec>>([
    { command: [] },
    { command: ["sh", "-c", "true"] },
    { command: ["javascript"] },
    { command: ["javascript", "1", "2"] },
    { command: ["javascript", "x".repeat(1024 * 1024 + 1)] },
    { mounts: [{ path: "/opt", isWritable: false }] },
    { directory: "/tmp" },
    { environment: { A: "b" } },
    { onConnection: (socket) => socket.destroy() },
    { authority: "-----BEGIN CERTIFICATE-----" },
  ])("refuses what it cannot give, such as %#", async (spec) => {
    await expect(start("1", spec)).rejects.toMatchObject({
      code: "sandbox_failed",
      message: expect.stringMatching(/^T0 /),
    });
    expect(findProcesses()).toEqual([]);
  });

  test("ends at once, asked or not, also before it has begun", async () => {
    for (const end of ["terminate", "kill"] as const) {
      const sandbox = await start("for (;;) {}");
      sandbox.stdin.end();
      sandbox[end]();
      const { reason, remains } = await sandbox.ended;
      const signal = end === "kill" ? "SIGKILL" : "SIGTERM";
      expect({ reason, remains }).toEqual({ reason: `was ended by ${signal}`, remains: [] });
    }
    expect(findProcesses()).toEqual([]);
  });

  test("ends with the server that started it", async () => {
    const scenario = fileURLToPath(new URL("../quickjs-scenario.ts", import.meta.url));
    const server = spawn(process.execPath, [scenario], { stdio: ["ignore", "pipe", "inherit"] });
    await new Promise((resolve) => server.stdout.once("data", resolve));
    const gone = new Promise((resolve) => server.once("exit", resolve));
    server.kill("SIGKILL");
    await gone;
    const { findProcesses: findLeft, driver: next } = createQuickjsUnderTest(67_200);
    await expect.poll(findLeft).toEqual([]);
    await next.sweep();
  });
});

describe.runIf(probe.kind === "usable")("a machine", () => {
  test("that lets nobody take the network from a program says so", async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "quickjs-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    writeFileSync(path.join(folder, "unshare"), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
    const search = `${folder}:/usr/bin:/bin:/usr/sbin`;
    const { driver, run } = createQuickjsUnderTest(67_400, { path: search });
    const found = await driver.probe();
    expect(found.kind === "usable" && found.evidence.at(-1)).toBe(
      "only the interpreter keeps the network from it",
    );
    expect(await run("1")).toMatchObject({ stdout: "1\n", remains: [] });
    // It says that it took it, and did not: nothing runs.
    writeFileSync(
      path.join(folder, "unshare"),
      '#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done; shift; exec "$@"\n',
    );
    const deceived = createQuickjsUnderTest(67_400, { path: search });
    expect(await deceived.run("1")).toMatchObject({
      stdout: "",
      stderr: "The interpreter's process has a network.\n",
    });
    expect(await deceived.driver.probe()).toMatchObject({ kind: "missing" });
  });

  test("that has not all that it takes says what to install", async () => {
    const { driver, start } = createQuickjsUnderTest(67_400, { path: "/nowhere" });
    expect(await driver.probe()).toEqual({
      kind: "missing",
      reason: "`sh` is not installed",
      fix: "apt-get install dash",
    });
    await expect(start("1")).rejects.toMatchObject({ code: "sandbox_failed" });
    const findGroups = () => {
      throw new Error("EIO");
    };
    const dark = createQuickjsUnderTest(67_400, { findGroups });
    await expect(dark.start("1")).rejects.toMatchObject({ code: "sandbox_failed" });
  });

  test("of one sandbox is not that of another", async () => {
    const both = await Promise.all([
      whole.run("globalThis.mark = 1; Object.prototype.mark = 1; Math.random()"),
      whole.run("console.log(typeof mark, typeof {}.mark); Math.random()"),
    ]);
    expect(both[1].stdout).toMatch(/^undefined undefined\n/);
    expect(both[0].stdout).not.toBe(both[1].stdout.split("\n")[1]);
  });

  test("reads its input before it begins", async () => {
    const sandbox = await whole.start("1");
    sandbox.stdin.write("x".repeat(1024));
    expect(await collectSandbox(sandbox)).toMatchObject({ stdout: "1\n" });
  });
});
