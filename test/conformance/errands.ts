import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { systemRandom } from "../../src/adapters/system/system-random.ts";
import { openErrands } from "../../src/main/open-errands.ts";
import type { Enforcement } from "../../src/model/sandbox.ts";
import type { Errand, ErrandEnd, WorkFile } from "../../src/ports/errands.ts";
import { createInMemoryTelemetry } from "../../src/ports/in-memory-telemetry.ts";
import type { SandboxDriver } from "../../src/ports/sandbox.ts";
import { createSandboxes } from "../../src/sandbox/sandboxes.ts";
import { createSampling } from "../scale.ts";
import { generousLimits } from "./sandbox-spec.ts";

export interface ErrandsUnderTest {
  readonly driver: SandboxDriver;
  /** What there is on this machine of these sandboxes. */
  readonly findLeft: () => readonly string[];
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
export const toFile = (path: string, text: string, isExecutable = false): WorkFile => ({
  path,
  bytes: bytesOf(text),
  isExecutable,
});
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** What came of an errand, in words. */
function toSeen({ reason, exitCode, stdout, stderr, changes }: ErrandEnd) {
  return {
    reason,
    exitCode,
    stdout: textOf(stdout.bytes),
    stderr: textOf(stderr.bytes),
    written: changes?.written.map(({ path, bytes }) => [path, textOf(bytes)]).toSorted() ?? null,
    removed: changes?.removed ?? null,
  };
}

const javaScript = `process.stdout.write("hello"); process.stderr.write("wrong")`;
const python = `import sys; print("hello", end=""); print("wrong", end="", file=sys.stderr)`;
const shell = (script: string): readonly string[] => ["sh", "-c", script];

/** Each driver in a file of its own: what one of them leaves is not to be told of another. */
export async function describeErrands({ driver, findLeft }: ErrandsUnderTest): Promise<void> {
  const { name, tier } = driver;
  const telemetry = createInMemoryTelemetry();
  const sandboxes = createSandboxes({
    drivers: [driver],
    egress: {
      open: () => {
        throw new Error("nothing is let out here");
      },
    },
    random: systemRandom,
    telemetry,
  });
  const [row] = await sandboxes.list();
  const { probe } = row!;
  // It is listed with the tests that were not run, too.
  if (probe.kind === "missing") console.log(`NOT RUN: errands in ${name}: ${probe.reason}`);
  const isUsable = probe.kind === "usable";
  // A machine without help of the processor takes seconds for each.
  const sample = createSampling(tier === "T3");
  const isHeld = (limit: keyof Enforcement): boolean =>
    isUsable && probe.enforcement[limit] !== "none";
  const errands = openErrands({ sandboxes, clock: systemClock, telemetry });
  const place = {
    server: "errands",
    tier,
    limits: generousLimits,
    egress: [],
    private: false,
    warm: 0,
  };
  const plain: Omit<Errand, "command"> = { place, environment: {}, files: [], timeoutMs: 30_000 };
  const run = (errand: Partial<Errand> & Pick<Errand, "command">, signal?: AbortSignal) =>
    errands.run({ ...plain, ...errand }, signal ?? new AbortController().signal);

  describe.runIf(isUsable)(`errands in ${name}`, () => {
    let before: readonly string[];
    beforeEach(({ skip }) => {
      sample(skip);
      before = findLeft();
    });
    // A process that is ending in the kernel is told of for a moment; what an earlier test left may go on its own.
    const expectNothingLeft = () =>
      expect
        .poll(() => findLeft().filter((each) => !before.includes(each)), { timeout: 5_000 })
        .toEqual([]);
    afterAll(async () => {
      await errands.close();
      await waitFor(() => findLeft().length === 0);
    });

    test.each([
      { language: "sh", command: shell("printf hello; printf wrong >&2; exit 3"), exitCode: 3 },
      { language: "JavaScript", command: ["node", "-e", javaScript], exitCode: 0 },
      { language: "Python", command: ["python3", "-c", python], exitCode: 0 },
    ])("carries out $language", async ({ command, exitCode }) => {
      const ended = await run({ command });
      expect(toSeen(ended)).toEqual({
        reason: `ended with ${exitCode}`,
        exitCode,
        stdout: "hello",
        stderr: "wrong",
        written: [],
        removed: [],
      });
      expect(ended).toMatchObject({ wasWarm: false, stamp: { tier } });
      expect(ended.ms).toBeGreaterThan(0);
      await expectNothingLeft();
    });

    test("gives the environment that was said, where programs lie, and nothing to read", async () => {
      const environment = { WORD: "a b", LINES_OF_IT: "x=y\nz" };
      const command = shell(`echo "$WORD|$LINES_OF_IT"; cat; pwd; echo "$PWD"; ls -A; umask`);
      const { stdout } = toSeen(await run({ command, environment }));
      const [words, more, directory, said, ...rest] = stdout.split("\n");
      expect([words, more]).toEqual(["a b|x=y", "z"]);
      expect(directory).toBe(said);
      expect(rest).toEqual(["0022", ""]);
    });

    test("lays files out, and tells which are new, differ and are gone", async () => {
      const files = [
        toFile("same.txt", "same"),
        toFile("deep/er/changed.txt", "old"),
        toFile("gone.txt", "gone"),
        toFile("touched.txt", "touched"),
        toFile("ünï.txt", "ü"),
        toFile("tool", "#!/bin/sh\necho ran", true),
        toFile("mode", "as it was"),
        toFile("empty", ""),
      ];
      const script = `./tool; cat deep/er/changed.txt; echo new > deep/er/changed.txt; rm gone.txt
        mkdir -p made/deep; printf made > made/deep/file; touch touched.txt made/empty
        chmod +x mode; mkdir empty-folder; cat ünï.txt`;
      const ended = await run({ command: shell(script), files });
      expect(toSeen(ended)).toEqual({
        reason: "ended with 0",
        exitCode: 0,
        stdout: "ran\noldü",
        stderr: "",
        written: [
          ["deep/er/changed.txt", "new\n"],
          ["made/deep/file", "made"],
          ["made/empty", ""],
          ["mode", "as it was"],
        ],
        removed: ["gone.txt"],
      });
      const executable = ended.changes!.written.filter((file) => file.isExecutable);
      expect(executable.map((file) => file.path)).toEqual(["mode"]);
    });

    test("carries a large file both ways, to the byte", async () => {
      const bytes = new Uint8Array(5_000_000).map((_, index) => (index * 7 + (index >> 9)) & 255);
      const files = [{ path: "large", bytes, isExecutable: false }];
      const { changes } = await run({ command: shell("cp large copy; rm large"), files });
      expect(changes?.removed).toEqual(["large"]);
      expect(Buffer.compare(changes!.written[0]!.bytes, bytes)).toBe(0);
    });

    test("follows no link, and takes nothing that is no plain file", async () => {
      const files = [toFile("was.txt", "a file"), toFile("folder/was.txt", "in a folder")];
      const script = `ln -s /etc/passwd link; ln -s /etc folder-link; mkfifo pipe; ln -s . loop
        rm was.txt; ln -s /etc/passwd was.txt; mv folder real; ln -s real folder
        [ -e /dev/null ] && ln -s /dev/zero device; printf kept > kept`;
      expect(toSeen(await run({ command: shell(script), files }))).toMatchObject({
        reason: "ended with 0",
        written: [
          ["kept", "kept"],
          ["real/was.txt", "in a folder"],
        ],
        removed: ["was.txt", "folder/was.txt"],
      });
    });

    test("takes nothing where a name cannot be one, or there is too much, and says so", async () => {
      const scripts = [
        ["printf x > \"$(printf 'a\\377b')\"", "the path of a file is not UTF-8"],
        [
          "printf x > 'a\\b'",
          "the path of a file holds a control character, a line separator or a backslash",
        ],
        ["i=0; while [ $i -le 1000 ]; do : > f$i; i=$((i+1)); done", "more than 1000 files"],
        ["truncate -s 40M big; truncate -s 1T bigger", "bytes"],
        [
          "d=.; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18; do d=$d/d; done; mkdir -p $d",
          "deep",
        ],
        ["mkdir shut; printf x > shut/x; chmod 0 shut", "could not be read"],
      ] as const;
      for (const [script, why] of scripts) {
        const ended = await run({ command: shell(`${script}; printf said`) });
        expect(ended.changes, script).toBeNull();
        expect(ended.reason).toMatch(/^ended with 0, but /);
        expect(ended.reason).toContain(why);
        expect(textOf(ended.stdout.bytes)).toBe("said");
      }
    });

    test("tells how a program ended that did not end well", async () => {
      expect(await run({ command: shell("kill -TERM $$") })).toMatchObject({
        reason: "was ended by SIGTERM",
        exitCode: null,
        changes: { written: [], removed: [] },
      });
      expect(await run({ command: ["no-such-program"] })).toMatchObject({
        reason: "could not be started (ENOENT)",
        exitCode: null,
      });
      const files = [toFile("file", "x")];
      for (const command of [["true", "x".repeat(200_000)], ["./file/program"]])
        expect(toSeen(await run({ command, files }))).toMatchObject({
          reason: expect.stringMatching(/^could not be started \(E[A-Z0-9]+\)$/),
          exitCode: null,
          written: [],
        });
    });

    test("ends what takes too long, with what it said until then", async () => {
      const command = shell("echo begun; touch file; trap '' TERM; while :; do sleep 1; done");
      const ended = await run({ command, timeoutMs: 1_500 });
      expect(toSeen(ended)).toEqual({
        reason: "took longer than 1.5 s",
        exitCode: null,
        stdout: "begun\n",
        stderr: "",
        written: null,
        removed: null,
      });
      await expectNothingLeft();
    });

    test("ends what is called off", async () => {
      const leaving = new AbortController();
      const running = run({ command: shell("sleep 60") }, leaving.signal);
      setTimeout(() => leaving.abort(), 300);
      const ended = await running.catch((error: unknown) => error);
      // In a tier that starts slowly there was no sandbox yet.
      if (ended instanceof Error) expect(ended.name).toBe("AbortError");
      else expect(ended).toMatchObject({ reason: "was called off", changes: null });
      await expect(run({ command: ["true"] }, leaving.signal)).rejects.toThrow("aborted");
    });

    test("keeps the first of a flood, counts the rest, and is not held up by it", async () => {
      const flood = "yes 0123456789 | head -c 20000000; printf wrong >&2";
      const ended = await run({ command: shell(flood) });
      expect(ended).toMatchObject({
        reason: "ended with 0",
        stdout: { droppedBytes: 20_000_000 - 262_144 },
      });
      expect(ended.stdout.bytes).toHaveLength(262_144);
      expect(textOf(ended.stderr.bytes)).toBe("wrong");
      const endless = await run({ command: shell("cat /dev/zero | tr '\\0' x"), timeoutMs: 1_000 });
      expect(endless).toMatchObject({ reason: "took longer than 1 s" });
      expect(endless.stdout.bytes).toHaveLength(262_144);
    });

    test("does not wait for what is left behind, which ends", async () => {
      const script = `setsid sh -c 'trap "" TERM HUP; sleep 600' & sleep 600 & echo said`;
      const ended = await run({ command: shell(script) });
      expect(toSeen(ended)).toMatchObject({ reason: "ended with 0", stdout: "said\n" });
      expect(ended.ms).toBeLessThan(10_000);
      await expectNothingLeft();
    });

    test.runIf(isHeld("processes"))("survives a bomb of processes", async () => {
      const limits = { ...generousLimits, processes: 40 };
      const script = `bomb() { bomb | bomb & }; bomb 2>/dev/null; sleep 0.3; printf done > file`;
      const ended = await run({ command: shell(script), place: { ...place, limits } });
      expect(ended.reason).toMatch(/^ended with \d+/);
      await expectNothingLeft();
    });

    test.runIf(isHeld("memoryBytes"))(
      "tells that memory ran out, and lives to tell it",
      async () => {
        const limits = { ...generousLimits, memoryBytes: 128 * 1024 * 1024 };
        const script = `echo begun; printf kept > file; tail /dev/zero`;
        const ended = await run({ command: shell(script), place: { ...place, limits } });
        expect(toSeen(ended)).toMatchObject({
          reason: expect.stringContaining("used more memory than it may"),
          stdout: "begun\n",
        });
        expect(ended.usage.memoryKills).toBeGreaterThan(0);
        await expectNothingLeft();
      },
    );

    test.runIf(isHeld("scratchBytes"))("survives a full disk", async () => {
      const limits = { ...generousLimits, scratchBytes: 1024 * 1024 };
      const script = `cat /dev/zero > big 2>/dev/null; echo full; rm big; printf small > small`;
      const small = { ...place, limits };
      expect(toSeen(await run({ command: shell(script), place: small }))).toMatchObject({
        stdout: "full\n",
        written: [["small", "small"]],
      });
      const files = [toFile("large", "x".repeat(2 * 1024 * 1024))];
      await expect(run({ command: ["true"], place: small, files })).rejects.toMatchObject({
        code: "sandbox_failed",
        message: expect.stringContaining("ENOSPC"),
      });
      await expectNothingLeft();
    });

    test("starts nothing that cannot be one", async () => {
      const wrong: readonly (Partial<Errand> & Pick<Errand, "command">)[] = [
        { command: [] },
        { command: ["true", "a\0b"] },
        { command: ["true"], environment: { "A=B": "c" } },
        { command: ["true"], environment: { A: "x".repeat(2 * 1024 * 1024) } },
        ...["/a", "../a", "a//b", "a/./b", "", "a\0", "a\\b", "x".repeat(600)].map((path) => ({
          command: ["true"],
          files: [toFile(path, "")],
        })),
        { command: ["true"], files: [toFile("a", ""), toFile("a/b", "")] },
        { command: ["true"], files: [toFile("a", ""), toFile("a", "")] },
        {
          command: ["true"],
          files: Array.from({ length: 1_001 }, (_, index) => toFile(`f${index}`, "")),
        },
      ];
      for (const errand of wrong)
        await expect(run(errand)).rejects.toMatchObject({ code: "sandbox_failed" });
    });

    test("uses a sandbox that waits once: nothing of one errand is there for the next", async () => {
      const warm = { ...place, warm: 2 };
      const leave = shell(`echo mine > ../trace; echo mine > trace; setsid sleep 600 & exit 0`);
      const look = shell(`ls -A .. .; ls -d /proc/[0-9]* | wc -l; readlink /proc/self/ns/pid`);
      await run({ command: ["true"], place: warm });
      const seen = new Set<string>();
      let warmOnes = 0;
      for (let round = 0; round < 3; round += 1) {
        await waitFor(() => (telemetry.value("sandbox_waiting") ?? 0) > 0);
        await systemClock.sleep(500);
        warmOnes += Number((await run({ command: leave, place: warm })).wasWarm);
        const ended = await run({ command: look, place: warm });
        warmOnes += Number(ended.wasWarm);
        const { stdout } = toSeen(ended);
        expect(stdout).not.toContain("trace");
        seen.add(stdout);
      }
      expect(warmOnes).toBeGreaterThan(2);
      if (tier === "T1") expect(seen.size).toBe(3);
    });
  });
}

async function waitFor(holds: () => boolean): Promise<void> {
  const untilMs = systemClock.monotonicMs() + 30_000;
  while (!holds()) {
    if (systemClock.monotonicMs() > untilMs) throw new Error("it did not come to pass");
    await systemClock.sleep(20);
  }
}
