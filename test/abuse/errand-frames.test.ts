import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { systemRandom } from "../../src/adapters/system/system-random.ts";
import { toFrameHead } from "../../src/lib/frames.ts";
import { judgeWorkPath } from "../../src/model/work-path.ts";
import type { WorkFile } from "../../src/ports/errands.ts";
import { createInMemoryTelemetry } from "../../src/ports/in-memory-telemetry.ts";
import { createErrandAnswer } from "../../src/sandbox/errand-answer.ts";
import { defaultErrandLimits } from "../../src/sandbox/errand-limits.ts";
import { fromRunner } from "../../src/sandbox/errand-wire.ts";
import { createErrands } from "../../src/sandbox/errands.ts";
import { findCollision } from "../../src/sandbox/find-collision.ts";
import { defaultPoolLimits } from "../../src/sandbox/pool-limits.ts";
import { createSandboxes } from "../../src/sandbox/sandboxes.ts";
import { generousLimits } from "../conformance/sandbox-spec.ts";
import { createDriverUnderTest, findLeft } from "../conformance/bubblewrap-under-test.ts";
import { scaled, seed } from "../scale.ts";

const limits = { ...defaultErrandLimits, keptBytes: 256, files: 4, fileBytes: 512 };
const before: readonly WorkFile[] = [
  { path: "kept.txt", bytes: new Uint8Array(1), isExecutable: false },
  { path: "folder/old.txt", bytes: new Uint8Array(1), isExecutable: false },
];

const toFrame = (kind: number, payload: string | Uint8Array = ""): Buffer => {
  const bytes = Buffer.from(payload);
  return Buffer.concat([toFrameHead(kind, bytes.length), bytes]);
};
const file = (path: string | Uint8Array, flag = 0): Buffer =>
  toFrame(fromRunner.file, Buffer.concat([Buffer.from([flag]), Buffer.from(path)]));
const exit = (told: unknown): Buffer => toFrame(fromRunner.exit, JSON.stringify(told));
const well = { code: 0, signal: null, error: null, dropped: [0, 0] };
const begun = [toFrame(fromRunner.ready), toFrame(fromRunner.began)];
const done = toFrame(fromRunner.done);

function read(frames: readonly Uint8Array[]) {
  const answer = createErrandAnswer(limits, () => before);
  for (const frame of frames) answer.take(frame);
  return answer;
}

const paths = [
  "/etc/passwd",
  "../up",
  "a/../../up",
  "a//b",
  "./a",
  "a/.",
  "",
  "a\0b",
  "a\\b",
  "a\nb",
];
const wrongChanges: readonly (readonly [string, readonly Buffer[]])[] = [
  ...paths.map((path) => [`the path ${JSON.stringify(path)}`, [file(path)]] as const),
  ["a path that is no UTF-8", [file(new Uint8Array([0x61, 0xff]))]],
  ["an overlong dot", [file(new Uint8Array([0xc0, 0xae, 0xc0, 0xae, 0x2f]))]],
  ["half a character", [file(new Uint8Array([0xed, 0xa0, 0x80]))]],
  ["a path that is too long", [file("x/".repeat(300) + "x")]],
  ["a path that is too deep", [file("x/".repeat(40) + "x")]],
  ["a part that is too long", [file("x".repeat(300))]],
  ["the same file twice", [file("a"), file("a")]],
  ["a file under a file", [file("a"), file("a/b")]],
  ["a file under one that was there", [file("kept.txt/b")]],
  ["a file where a folder was", [file("folder")]],
  [
    "a file that is written and removed",
    [file("kept.txt"), toFrame(fromRunner.removed, "kept.txt")],
  ],
  ["one removed that was not there", [toFrame(fromRunner.removed, "other.txt")]],
  [
    "one removed twice",
    [toFrame(fromRunner.removed, "kept.txt"), toFrame(fromRunner.removed, "kept.txt")],
  ],
  ["more files than may be", ["a", "b", "c", "d", "e"].map((name) => file(name))],
  [
    "more bytes than may be",
    [
      file("a"),
      toFrame(fromRunner.bytes, "x".repeat(300)),
      toFrame(fromRunner.bytes, "x".repeat(300)),
    ],
  ],
  ["bytes of no file", [toFrame(fromRunner.bytes, "x")]],
  ["a file after what was removed", [toFrame(fromRunner.removed, "kept.txt"), file("a")]],
  ["a flag that is none", [file("a", 2)]],
  ["output after the end", [toFrame(fromRunner.stdout, "late")]],
  ["a second end", [exit(well)]],
  ["a second beginning", [toFrame(fromRunner.began)]],
  ["a kind that is none", [toFrame(200)]],
  ["an empty frame", [Buffer.from([0, 0, 0, 0])]],
  ["a frame that is too large", [Buffer.from([0x7f, 0xff, 0xff, 0xff])]],
];

test.each(wrongChanges)("nothing is taken of %s", (_, frames) => {
  const answer = read([...begun, exit(well), ...frames, done]);
  expect(answer.changes).toBeNull();
  expect(answer.untaken).toMatch(/^[a-z]/);
  expect(answer.phase).toBe("exited");
  // Nor of anything that comes after it.
  answer.take(done);
  expect(answer.changes).toBeNull();
});

test("what is well said is taken", () => {
  const frames = [
    file("made/file", 1),
    toFrame(fromRunner.bytes, "x"),
    toFrame(fromRunner.removed, "folder/old.txt"),
  ];
  const { changes, wrong, phase } = read([...begun, exit(well), ...frames, done]);
  expect({ wrong, phase }).toEqual({ wrong: null, phase: "done" });
  expect(changes).toEqual({
    written: [{ path: "made/file", bytes: new Uint8Array([0x78]), isExecutable: true }],
    removed: ["folder/old.txt"],
  });
});

test("frames after the last one take everything back", () => {
  const answer = read([...begun, exit(well), file("a"), done]);
  expect(answer.changes?.written).toHaveLength(1);
  answer.take(file("b"));
  expect(answer).toMatchObject({ changes: null, wrong: expect.any(String) });
});

test.each([
  { told: null },
  {},
  { ...well, code: -1 },
  { ...well, code: 256 },
  { ...well, code: "0" },
  { ...well, code: null },
  { ...well, signal: "SIGKILL" },
  { ...well, code: null, signal: "\u001b[31mSIGKILL" },
  { ...well, code: null, error: "no such file, says the program" },
  { ...well, dropped: [0] },
  { ...well, dropped: [-1, 0] },
  { ...well, dropped: [0, 1e300] },
  { ...well, dropped: null },
])("an end that is told as %j is none", (told) => {
  expect(read([...begun, exit(told)])).toMatchObject({ phase: "began", wrong: expect.any(String) });
});

test("more output than was asked for ends it, in however small pieces", () => {
  const byte = toFrame(fromRunner.stdout, "x");
  expect(read([...begun, ...Array.from({ length: 256 }, () => byte)]).wrong).toBeNull();
  expect(read([...begun, ...Array.from({ length: 257 }, () => byte)]).wrong).not.toBeNull();
  const empty = toFrame(fromRunner.stdout);
  const answer = read([...begun, ...Array.from({ length: 10_000 }, () => empty)]);
  expect(answer.wrong).toBe("it said more than it was asked for");
  expect(answer.stdout).toEqual({ bytes: new Uint8Array(0), droppedBytes: 0 });
});

const piece = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...begun, exit(well), done) },
  { weight: 4, arbitrary: fc.constantFrom(...wrongChanges.flatMap(([, frames]) => frames)) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.integer({ min: 0, max: 12 }), fc.uint8Array({ maxLength: 40 }))
      .map(([kind, bytes]) => toFrame(kind, bytes)),
  },
  {
    weight: 3,
    arbitrary: fc
      .array(fc.constantFrom("a", "b", "folder", "kept.txt", "é"), { minLength: 1, maxLength: 3 })
      .map((parts) => file(parts.join("/"))),
  },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes)) },
);

test("whatever is said, what is taken can lie in one folder, and is within its bounds", () => {
  let taken = 0;
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 14 }),
      fc.boolean(),
      fc.nat(),
      (pieces, hasBegun, at) => {
        const start = hasBegun ? [...begun, exit(well)] : [];
        const all = Buffer.concat([...start, ...pieces, done]);
        const place = at % (all.length + 1);
        const answer = read([all.subarray(0, place), all.subarray(place)]);
        expect(answer.stdout.bytes.length).toBeLessThanOrEqual(limits.keptBytes);
        expect(answer.changes === null || answer.phase === "done").toBe(true);
        if (answer.changes === null) return;
        taken += 1;
        const { written, removed } = answer.changes;
        expect(answer.wrong).toBeNull();
        expect(written.length).toBeLessThanOrEqual(limits.files);
        expect(written.reduce((sum, one) => sum + one.bytes.length, 0)).toBeLessThanOrEqual(
          limits.fileBytes,
        );
        const left = before.map((one) => one.path).filter((path) => !removed.includes(path));
        const after = [...new Set([...left, ...written.map((one) => one.path)])];
        expect(after.map((path) => judgeWorkPath(path)).filter((wrong) => wrong !== null)).toEqual(
          [],
        );
        expect(findCollision(after)).toBeNull();
      },
    ),
    { numRuns: scaled({ test: 2_000, prove: 200_000 }), seed: seed() },
  );
  // Some of it is well said, or nothing was tried.
  expect(taken).toBeGreaterThan(0);
});

const driver = createDriverUnderTest();
const sandboxes = createSandboxes({
  drivers: [driver],
  egress: {
    open: () => {
      throw new Error("nothing is let out here");
    },
  },
  random: systemRandom,
  telemetry: createInMemoryTelemetry(),
});
const probe = await driver.probe();
if (probe.kind === "missing") console.log(`NOT RUN: a hostile runner: ${probe.reason}`);

/** In place of our own part, with the streams that it has. */
const hostile = (script: string) => `
  const frame = (kind, text = "") => {
    const bytes = Buffer.from(text, "latin1");
    const head = Buffer.alloc(5);
    head.writeUInt32BE(bytes.length + 1, 0);
    head[4] = kind;
    return Buffer.concat([head, bytes]);
  };
  const say = (...frames) => process.stdout.write(Buffer.concat(frames));
  const well = frame(5, JSON.stringify({ code: 0, signal: null, error: null, dropped: [0, 0] }));
  say(frame(1));
  process.stdin.once("data", () => { ${script} });
`;

const open = (script: string) =>
  createErrands({
    sandboxes,
    clock: systemClock,
    telemetry: createInMemoryTelemetry(),
    limits: { ...defaultErrandLimits, startMs: 20_000 },
    pool: defaultPoolLimits,
    toCommand: async () => [process.execPath, "-e", hostile(script)],
  });

describe.runIf(probe.kind === "usable")("a hostile program in place of the runner", () => {
  const errand = {
    place: {
      server: "hostile",
      tier: "T1",
      limits: generousLimits,
      egress: [],
      private: false,
      warm: 0,
    },
    command: ["true"],
    environment: {},
    files: [],
    timeoutMs: 2_000,
  } as const;
  afterAll(() => expect(findLeft()).toEqual([]));

  test.each([
    [
      "writes to where it likes",
      `say(frame(2), well, frame(6, "\\0../../etc/passwd"), frame(10))`,
      /^ended with 0, but the path of a file /,
    ],
    [
      "floods with frames",
      `say(frame(2)); const all = Buffer.concat(Array(10000).fill(frame(3))); const on = () => { while (process.stdout.write(all)); process.stdout.once("drain", on); }; on()`,
      /^was ended, since it said more/,
    ],
    [
      "sends what is no frame",
      `say(frame(2)); process.stdout.write("HTTP/1.1 200 OK\\r\\n\\r\\n")`,
      /^was ended, since it said something that cannot be read/,
    ],
    [
      "begins a frame and stays silent",
      `say(frame(2)); process.stdout.write(Buffer.from([0, 0, 255]))`,
      /^took longer than 2 s/,
    ],
    [
      "closes its streams and stays",
      `say(frame(2)); require("fs").closeSync(1); setTimeout(() => {}, 60000)`,
      /^took longer than 2 s/,
    ],
    ["ends at once", `say(frame(2)); setTimeout(() => process.exit(0), 50)`, /^ended with 0/],
    [
      "tells of an end, and goes on talking",
      `say(frame(2), well, frame(3, "more"), frame(10))`,
      /^ended with 0, but it said something/,
    ],
    [
      "floods where nobody reads",
      `say(frame(2)); const on = () => { while (process.stderr.write("x".repeat(65536))); process.stderr.once("drain", on); }; on()`,
      /^was ended by SIGKILL/,
    ],
  ] as const)("%s", async (_, script, reason) => {
    const errands = open(script);
    // The others end by themselves, however busy this machine is.
    const timeoutMs = reason.source.includes("took longer") ? errand.timeoutMs : 25_000;
    const ended = await errands.run({ ...errand, timeoutMs }, new AbortController().signal);
    expect(ended.reason).toMatch(reason);
    expect(ended.changes).toBeNull();
    await errands.close();
    expect(findLeft()).toEqual([]);
  });

  test("talks before it is asked", async () => {
    const errands = open(`process.exit()`);
    const early = createErrands({
      sandboxes,
      clock: systemClock,
      telemetry: createInMemoryTelemetry(),
      limits: defaultErrandLimits,
      pool: defaultPoolLimits,
      toCommand: async () => ["sh", "-c", `printf '\\0\\0\\0\\001\\002'; sleep 60`],
    });
    const { signal } = new AbortController();
    await expect(early.run(errand, signal)).rejects.toMatchObject({ code: "sandbox_failed" });
    await expect(errands.run(errand, signal)).rejects.toMatchObject({ code: "sandbox_failed" });
  });

  test("a program that writes to the runner's streams reaches its own answer alone", async () => {
    const { openErrands } = await import("../../src/main/open-errands.ts");
    const errands = openErrands({
      sandboxes,
      clock: systemClock,
      telemetry: createInMemoryTelemetry(),
    });
    const forge = `for p in /proc/[0-9]*; do printf '\\0\\0\\0\\001\\012' > $p/fd/1; done 2>/dev/null; echo tried`;
    const ended = await errands.run(
      { ...errand, command: ["sh", "-c", forge] },
      new AbortController().signal,
    );
    expect(ended.reason).toMatch(/^(was ended, since|ended with)/);
    await errands.close();
  });
});
