import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Duplex } from "node:stream";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { LimitName } from "../../src/model/sandbox.ts";
import { createSeededRandom } from "../../src/ports/seeded-random.ts";
import type { Sandbox, SandboxDriver, SandboxSpec } from "../../src/ports/sandbox.ts";
import { createSampling, scaled, seed } from "../scale.ts";
import { generousLimits, plainSpec } from "./sandbox-spec.ts";
import type { SandboxUnderTest } from "./sandbox-under-test.ts";

async function runSandboxed(driver: SandboxDriver, spec: Partial<SandboxSpec>, input = "") {
  const sandbox = await driver.start({ ...plainSpec, command: ["true"], ...spec });
  return collectSandbox(sandbox, input);
}

export async function collectSandbox(sandbox: Sandbox, input = "") {
  const [stdout, stderr] = [sandbox.stdout, sandbox.stderr].map((stream) => {
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    return () => Buffer.concat(chunks).toString("utf8");
  });
  sandbox.stdin.end(input);
  const end = await sandbox.ended;
  return { ...end, stdout: stdout!(), stderr: stderr!() };
}

const shell = (script: string): readonly string[] => ["sh", "-c", script];

export function describeSandbox(name: string, under: SandboxUnderTest): void {
  const { driver, probe, writesMounts = true, needsNoPart = false, isSlow = false } = under;
  // It is listed with the tests that were not run, too.
  if (probe.kind === "missing") console.log(`NOT RUN: sandboxes by ${name}: ${probe.reason}`);
  const isUsable = probe.kind === "usable";
  const isHeld = (limit: LimitName): boolean => isUsable && probe.enforcement[limit] !== "none";
  const run = (spec: Partial<SandboxSpec>, input?: string) => runSandboxed(driver, spec, input);
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), "sandbox-"));
    chmodSync(folder, 0o755);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const options = isSlow ? { timeout: 120_000 } : {};
  describe.runIf(isUsable)(`sandboxes by ${name}`, options, () => {
    let before: readonly string[];
    beforeAll(async () => {
      // What is made for the first one of its size is there for all.
      if (isSlow) await run({});
    }, 200_000);
    const sample = createSampling(isSlow);
    beforeEach(({ skip }) => {
      sample(skip);
      before = under.findLeft();
    });
    const expectNothingLeft = () =>
      expect(under.findLeft().filter((each) => !before.includes(each))).toEqual([]);

    test("says what its canary saw", () => {
      expect(isUsable && probe.evidence.length).toBeGreaterThan(3);
    });

    test("carries the streams and the exit code", async () => {
      const ended = await run({ command: shell("cat; echo wrong >&2; exit 3") }, "in\n");
      expect(ended).toMatchObject({
        stdout: "in\n",
        stderr: "wrong\n",
        reason: "ended with 3",
        remains: [],
      });
      expectNothingLeft();
    });

    test("tells the signal that ended the program", async () => {
      const { reason } = await run({ command: shell("kill -TERM $$") });
      expect(reason).toBe("was ended by SIGTERM");
    });

    test("carries more than a pipe holds, both ways", async () => {
      const text = "0123456789abcdef".repeat(64 * 1024);
      const { stdout } = await run({ command: ["cat"] }, text);
      expect(stdout === text).toBe(true);
    });

    test("gives the environment that was said, and no more", async () => {
      const said = { WORD: "a b", LINES_OF_IT: "x=y\nz", EMPTY: "" };
      const { stdout } = await run({ command: ["env", "-0"], environment: said });
      const got = Object.fromEntries(
        stdout
          .split("\0")
          .filter((entry) => entry !== "")
          .map((entry) => [entry.split("=", 1)[0], entry.slice(entry.indexOf("=") + 1)]),
      );
      const { PATH: search, HOME: home, PWD: directory, ...rest } = got;
      expect(rest).toEqual(said);
      expect([search, home, directory].every((one) => typeof one === "string")).toBe(true);
    });

    test("starts in a scratch directory that is its home, empty and its own", async () => {
      const script = "pwd; echo $HOME; ls -A; echo kept > note; cat note";
      const first = await run({ command: shell(script) });
      const second = await run({ command: shell(script) });
      const [directory, home, ...rest] = first.stdout.trimEnd().split("\n");
      expect(home).toBe(directory);
      expect(rest).toEqual(["kept"]);
      expect(second.stdout).toBe(first.stdout);
    });

    test("writes nothing of the system", async () => {
      const script = `for f in / /usr /usr/bin /etc /dev /proc /bin; do touch $f/made 2>/dev/null && echo $f; done; true`;
      expect(await run({ command: shell(script) })).toMatchObject({ stdout: "" });
    });

    test("reads what is mounted to be read, starts there, and cannot write it", async () => {
      const mount = path.join(folder, "read");
      mkdirSync(path.join(mount, "deep"), { recursive: true });
      writeFileSync(path.join(mount, "deep", "note"), "of the host");
      const { stdout, remains } = await run({
        command: shell(`pwd; cat note; echo; (echo x > note) 2>/dev/null || echo refused`),
        directory: path.join(mount, "deep"),
        mounts: [{ path: mount, isWritable: false }],
      });
      expect(stdout).toBe(`${mount}/deep\nof the host\nrefused\n`);
      expect(remains).toEqual([]);
      expect(readFileSync(path.join(mount, "deep", "note"), "utf8")).toBe("of the host");
    });

    test.skipIf(writesMounts)("refuses a mount that is to be written", async () => {
      const mounts = [{ path: folder, isWritable: true }];
      const refused = await run({ mounts }).catch((error: unknown) => error);
      expect(refused).toMatchObject({ code: "sandbox_failed" });
      expect((refused as Error).message).toContain(folder);
      expectNothingLeft();
    });

    test.runIf(writesMounts)(
      "writes what is mounted to be written, and sees nothing beside it",
      async () => {
        const mount = path.join(folder, "write");
        mkdirSync(path.join(mount, "deep"), { recursive: true });
        writeFileSync(path.join(mount, "deep", "note"), "old");
        writeFileSync(path.join(folder, "beside"), "not for it");
        const spec = {
          command: shell(`echo new > deep/note; echo made > made; cat ../beside; ls ..`),
          directory: mount,
          mounts: [{ path: mount, isWritable: true }],
        };
        expect(await run(spec)).toMatchObject({ stdout: "write\n" });
        expect(readFileSync(path.join(mount, "deep", "note"), "utf8")).toBe("new\n");
        // The next one goes on with what this one made.
        const again = await run({ ...spec, command: shell("cat made; echo more >> made") });
        expect(again).toMatchObject({ stdout: "made\n", reason: "ended with 0" });
        expect(readFileSync(path.join(mount, "made"), "utf8")).toBe("made\nmore\n");
      },
    );

    test.runIf(writesMounts)("takes a mount within a mount as it says of each", async () => {
      const outer = path.join(folder, "outer");
      const inner = path.join(outer, "inner");
      mkdirSync(inner, { recursive: true });
      const { stdout } = await run({
        command: shell(`(touch x 2>/dev/null || echo outer refused); touch inner/x && echo inner`),
        directory: outer,
        mounts: [
          { path: inner, isWritable: true },
          { path: outer, isWritable: false },
        ],
      });
      expect(stdout).toBe("outer refused\ninner\n");
    });

    test("starts nothing that asks for what it cannot be given", async () => {
      const link = path.join(folder, "link");
      symlinkSync("/etc", link);
      const wrong: readonly Partial<SandboxSpec>[] = [
        { command: ["no-such-program"] },
        { command: [path.join(folder, "no-such-program")] },
        { command: [] },
        { mounts: [{ path: path.join(folder, "not-there"), isWritable: false }] },
        { mounts: [{ path: link, isWritable: false }] },
        { mounts: [{ path: "relative", isWritable: false }] },
        { mounts: [{ path: `${folder}/../x`, isWritable: false }] },
        ...["/", "/etc", "/usr", "/proc", "/proc/self", "/dev", "/sys", "/tmp"].map((one) => ({
          mounts: [{ path: one, isWritable: false }],
        })),
        { directory: folder },
        { environment: { GOOD: "a\0--bind\0/\0/host" } },
        { environment: { "A=B": "c" } },
        { command: ["true", "a\0b"] },
      ];
      for (const spec of wrong)
        await expect(run(spec), JSON.stringify(spec)).rejects.toMatchObject({
          code: "sandbox_failed",
        });
      expectNothingLeft();
    });

    describe("keeps the limit of", () => {
      test.runIf(isHeld("memoryBytes"))("memory, and says so", async () => {
        const limits = { ...generousLimits, memoryBytes: 64 * 1024 * 1024 };
        // Looks for the end of a line that has none.
        const { reason, usage, remains } = await run({ command: ["tail", "/dev/zero"], limits });
        expect(reason).toBe("used more memory than it may");
        expect(usage.memoryKills).toBeGreaterThan(0);
        // What the kernel is ending already may take some more pages, so that it can end.
        expect(usage.memoryPeakBytes).toBeLessThanOrEqual(limits.memoryBytes + 1024 * 1024);
        expect(remains).toEqual([]);
      });

      test.runIf(isHeld("processes"))("processes", async () => {
        const limits = { ...generousLimits, processes: 12 };
        const script = `i=0; while [ $i -lt 40 ]; do sleep 60 & i=$((i+1)); echo $i; done`;
        const { stdout, stderr, usage } = await run({ command: shell(script), limits });
        const started = stdout.trimEnd().split("\n").map(Number);
        expect(Math.max(...started)).toBeGreaterThan(4);
        expect(Math.max(...started)).toBeLessThanOrEqual(12);
        expect(stderr).toContain("fork");
        if (usage.refusedProcesses !== null) expect(usage.refusedProcesses).toBeGreaterThan(0);
        expectNothingLeft();
      });

      test.runIf(isHeld("cpuMillis"))("processors", async () => {
        const limits = { ...generousLimits, cpuMillis: 100 };
        const startedMs = performance.now();
        const sandbox = await driver.start({
          ...plainSpec,
          command: shell("while :; do :; done"),
          limits,
        });
        await sleep(1_000);
        sandbox.kill();
        const { usage } = await sandbox.ended;
        const elapsedUs = (performance.now() - startedMs) * 1_000;
        expect(usage.cpuUs).not.toBeNull();
        // A tenth, and what one period may be over.
        expect(usage.cpuUs).toBeLessThan(elapsedUs / 10 + 100_000);
      });

      test.runIf(isHeld("scratchBytes"))("scratch", async () => {
        const limits = { ...generousLimits, scratchBytes: 1024 * 1024 };
        const script = "head -c 4194304 /dev/zero > big 2>/dev/null || echo full; wc -c < big";
        const { stdout } = await run({ command: shell(script), limits });
        const [word, size] = stdout.trimEnd().split("\n");
        expect(word).toBe("full");
        expect(Number(size)).toBeLessThanOrEqual(limits.scratchBytes);
      });

      test.runIf(isHeld("openFiles"))("open files, which it cannot raise", async () => {
        const limits = { ...generousLimits, openFiles: 32 };
        const script = `ulimit -n; (ulimit -n 64) 2>/dev/null || echo refused`;
        expect(await run({ command: shell(script), limits })).toMatchObject({
          stdout: "32\nrefused\n",
        });
      });
    });

    test("asks the program to end, which may say more", async () => {
      const script = `trap 'echo bye; exit 5' TERM; echo up; sleep 60 & wait`;
      const sandbox = await driver.start({ ...plainSpec, command: shell(script) });
      sandbox.stdout.once("data", () => sandbox.terminate());
      const { stdout, reason, remains } = await collectSandbox(sandbox);
      expect({ stdout, reason, remains }).toEqual({
        stdout: "up\nbye\n",
        reason: "ended with 5",
        remains: [],
      });
      expectNothingLeft();
    });

    test("ends a program that does not want to", async () => {
      const script = `trap '' TERM; echo up; while :; do sleep 1; done`;
      const sandbox = await driver.start({ ...plainSpec, command: shell(script) });
      sandbox.stdout.once("data", () => {
        sandbox.terminate();
        sandbox.kill();
      });
      expect(await collectSandbox(sandbox)).toMatchObject({
        reason: "was ended by SIGKILL",
        remains: [],
      });
      expectNothingLeft();
    });

    test("ends whatever the program leaves behind", async () => {
      const script = `setsid sleep 600 & (setsid sh -c 'trap "" TERM HUP; sleep 600' &); exit 0`;
      expect(await run({ command: shell(script) })).toMatchObject({
        reason: "ended with 0",
        remains: [],
      });
      expectNothingLeft();
    });

    test("leaves nothing, whenever it is killed", async () => {
      const random = createSeededRandom(seed());
      const command = shell("setsid sleep 600 & sleep 600");
      const rounds = scaled(isSlow ? { test: 1, prove: 12 } : { test: 8, prove: 125 });
      for (let round = 0; round < rounds; round += 1) {
        const ends = Array.from({ length: 8 }, async () => {
          const sandbox = await driver.start({ ...plainSpec, command });
          await sleep(random.fraction() * 120);
          sandbox.kill();
          return sandbox.ended;
        });
        for (const { reason, remains } of await Promise.all(ends))
          expect({ reason, remains }).toEqual({ reason: "was ended by SIGKILL", remains: [] });
      }
      expectNothingLeft();
    });

    describe("connections", () => {
      const connect = `
        const [host, port] = new URL(process.env.HTTP_PROXY).host.split(":");
        const socket = require("node:net").connect(Number(port), host);
        socket.on("data", (chunk) => process.stdout.write(chunk));
        socket.on("end", () => process.exit());
        socket.end("a question");
      `;

      test("go to whoever decides on them, and carry both ways", async () => {
        const heard: string[] = [];
        const onConnection = (socket: Duplex) => {
          socket.on("data", (chunk: Buffer) => heard.push(chunk.toString("utf8")));
          // It has said all, and still waits for the answer.
          socket.on("end", () => void sleep(50).then(() => socket.end("an answer")));
        };
        const command = [under.nodePath, "-e", connect];
        const { stdout, stderr, reason } = await run({ command, onConnection });
        expect({ stdout, stderr, reason }).toEqual({
          stdout: "an answer",
          stderr: "",
          reason: "ended with 0",
        });
        expect(heard.join("")).toBe("a question");
        expectNothingLeft();
      });

      test("end with the sandbox", async () => {
        const { promise: opened, resolve: open } = Promise.withResolvers<Duplex>();
        const sandbox = await driver.start({
          ...plainSpec,
          command: [under.nodePath, "-e", connect],
          onConnection: open,
        });
        const socket = await opened;
        const closed = new Promise((resolve) => socket.once("close", resolve));
        sandbox.kill();
        await Promise.all([closed, sandbox.ended]);
        expectNothingLeft();
      });

      test("are the program's own to open, whatever its variables say", async () => {
        const preload = path.join(folder, "preload.cjs");
        writeFileSync(preload, `console.log(process.send === undefined, process.pid);`);
        const { stdout } = await run({
          command: ["env"],
          environment: { NODE_OPTIONS: `--require ${preload}` },
          mounts: [{ path: preload, isWritable: false }],
          onConnection: (socket) => socket.destroy(),
        });
        // Our own part of the sandbox ran before it, without reading this.
        expect(stdout).toContain(`NODE_OPTIONS=--require ${preload}`);
        expect(stdout).not.toMatch(/true|false/);
        expect(stdout).not.toContain("NODE_CHANNEL");
      });

      test.skipIf(needsNoPart)("need what our own part needs, or nothing starts", async () => {
        const limits = { ...generousLimits, processes: 2 };
        const started = run({ limits, onConnection: (socket) => socket.destroy() });
        await expect(started).rejects.toMatchObject({ code: "sandbox_failed" });
        expectNothingLeft();
      });

      test("reach nothing where nobody decides on them", async () => {
        const server = createServer((socket) => socket.end("of the host"));
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
        const { port } = server.address() as AddressInfo;
        const script = `
          console.log(process.env.HTTP_PROXY);
          for (const port of [${port}, 3128])
            require("node:net").connect(port, "127.0.0.1").on("error", (e) => console.log(e.code));
        `;
        const { stdout } = await run({ command: [under.nodePath, "-e", script] });
        expect(stdout).toBe("undefined\nECONNREFUSED\nECONNREFUSED\n");
        server.close();
      });
    });
  });
}

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
