import { beforeEach, expect, test } from "vitest";
import { toFrameHead } from "../lib/frames.ts";
import type { Errand } from "../ports/errands.ts";
import { createInMemorySandboxes, type InMemoryProgram } from "../ports/in-memory-sandboxes.ts";
import { createInMemoryTelemetry } from "../ports/in-memory-telemetry.ts";
import { createManualClock } from "../ports/manual-clock.ts";
import { defaultErrandLimits } from "./errand-limits.ts";
import { fromRunner } from "./errand-wire.ts";
import { createErrands } from "./errands.ts";
import { defaultPoolLimits } from "./pool-limits.ts";

const toFrame = (kind: number, bytes: string | Uint8Array = ""): Buffer => {
  const payload = Buffer.from(bytes);
  return Buffer.concat([toFrameHead(kind, payload.length), payload]);
};
const exit = (code: number) =>
  toFrame(fromRunner.exit, JSON.stringify({ code, signal: null, error: null, dropped: [0, 0] }));
const ready = toFrame(fromRunner.ready);
const began = toFrame(fromRunner.began);
const done = toFrame(fromRunner.done);

type Part = (program: InMemoryProgram) => void;

/** Ready at once; what it does with an errand is said of each test. */
const answering =
  (answer: Part): Part =>
  (program) => {
    program.stdout.write(ready);
    program.stdin.once("data", () => answer(program));
  };
const well: Part = answering(({ stdout }) => {
  stdout.write(Buffer.concat([began, toFrame(fromRunner.stdout, "said"), exit(0), done]));
});
const silent: Part = answering(() => undefined);

let clock = createManualClock(0);
let part: Part = well;
let sandboxes = createInMemorySandboxes((program) => part(program));

const open = (limits: Partial<typeof defaultErrandLimits> = {}) =>
  createErrands({
    sandboxes,
    clock,
    telemetry: createInMemoryTelemetry(),
    limits: { ...defaultErrandLimits, ...limits },
    pool: defaultPoolLimits,
    toCommand: async (tier) => [`runner of ${tier}`],
  });

const place: Errand["place"] = {
  server: "bench",
  tier: "T2",
  limits: {
    memoryBytes: 1 << 28,
    processes: 32,
    cpuMillis: 1_000,
    scratchBytes: 1 << 20,
    openFiles: 64,
  },
  egress: ["api.example.com:443"],
  private: true,
  warm: 0,
};
const errand: Errand = { place, command: ["true"], environment: {}, files: [], timeoutMs: 30_000 };
const never = new AbortController().signal;
const settle = () => new Promise<void>((resolve) => setTimeout(resolve, 5));

beforeEach(() => {
  clock = createManualClock(0);
  part = well;
  sandboxes = createInMemorySandboxes((program) => part(program));
});

test("gives the sandbox what its place says, and nothing of the errand", async () => {
  const wishes: unknown[] = [];
  part = (program) => {
    wishes.push(program.wish);
    well(program);
  };
  const ended = await open().run(
    { ...errand, command: ["secret"], environment: { TOKEN: "secret" } },
    never,
  );
  expect(ended).toMatchObject({
    reason: "ended with 0",
    exitCode: 0,
    changes: { written: [], removed: [] },
    stamp: { tier: "T2" },
    wasWarm: false,
  });
  expect(Buffer.from(ended.stdout.bytes).toString()).toBe("said");
  expect(wishes).toEqual([
    {
      server: "bench",
      command: ["runner of T2"],
      environment: {},
      directory: null,
      mounts: [],
      limits: place.limits,
      egress: place.egress,
      credentials: [],
      private: true,
    },
  ]);
  expect(sandboxes.running).toBe(0);
});

test("one that takes too long is ended, with what it said", async () => {
  part = answering(({ stdout }) => {
    stdout.write(Buffer.concat([began, toFrame(fromRunner.stdout, "so far")]));
  });
  const running = open().run(errand, never);
  await settle();
  clock.advance(29_999);
  await settle();
  expect(sandboxes.running).toBe(1);
  clock.advance(1);
  await settle();
  clock.advance(1_000);
  const ended = await running;
  expect(ended).toMatchObject({ reason: "took longer than 30 s", exitCode: null, changes: null });
  expect(Buffer.from(ended.stdout.bytes).toString()).toBe("so far");
  expect(sandboxes.running).toBe(0);
});

test("one that does not come up in time is ended and refused, with what it complained of", async () => {
  part = ({ stderr }) => void stderr.write("no such option\n");
  const running = open()
    .run(errand, never)
    .catch((error: unknown) => error);
  await settle();
  clock.advance(defaultErrandLimits.startMs);
  await settle();
  clock.advance(1_000);
  expect(await running).toMatchObject({
    code: "sandbox_failed",
    message: expect.stringContaining("no such option"),
  });
  expect(sandboxes.running).toBe(0);
});

test("one that waited and died is not counted: the errand gets another, once", async () => {
  const errands = open();
  const warm = { ...errand, place: { ...place, warm: 1 } };
  await errands.run(warm, never);
  // What waits now dies of its errand before it begins; what is started for it does not.
  let died = 0;
  part = answering((program) => {
    died += 1;
    program.end("was ended by SIGKILL");
  });
  clock.advance(100);
  await settle();
  expect(sandboxes.running).toBe(1);
  part = well;
  const ended = await errands.run(warm, never);
  expect(died).toBe(1);
  expect(ended).toMatchObject({ reason: "ended with 0", wasWarm: false });
  const closed = errands.close();
  await closed;
  expect(sandboxes.running).toBe(0);
});

test("one that ends before the program began is a failure, and nothing has run", async () => {
  part = answering((program) => program.end("was ended by SIGKILL"));
  await expect(open().run(errand, never)).rejects.toMatchObject({ code: "sandbox_failed" });
  part = answering(({ stdout }) => void stdout.write(toFrame(fromRunner.refused, "ENOSPC")));
  await expect(open().run(errand, never)).rejects.toMatchObject({
    code: "sandbox_failed",
    message: "Its files could not be laid out (ENOSPC).",
  });
  expect(sandboxes.running).toBe(0);
});

test("memory that ran out is told, whoever was ended for it", async () => {
  part = answering(({ stdout, end }) => {
    stdout.write(began);
    end("was ended by SIGKILL", { memoryKills: 1 });
  });
  const ended = await open().run(errand, never);
  expect(ended).toMatchObject({ reason: "used more memory than it may", exitCode: null });
  expect(ended.usage.memoryKills).toBe(1);
});

test("a sandbox that ends while its files are read gives none of them", async () => {
  part = answering(({ stdout, end }) => {
    stdout.write(Buffer.concat([began, exit(0), toFrame(fromRunner.file, "\u0000made")]));
    end("was ended by SIGKILL");
  });
  expect(await open().run(errand, never)).toMatchObject({
    reason: "ended with 0, but its sandbox ended before its files were read",
    exitCode: 0,
    changes: null,
  });
});

test("is asked for right before it begins: how long there is for it by then, and whether it may at all", async () => {
  let asked = 0;
  let wait: Part = silent;
  part = (program) => wait(program);
  // Its sandbox takes 20 s to come up, and by then there are 10 s left.
  let come = (): void => undefined;
  wait = (program) => {
    come = () => silent(program);
  };
  const beforeBegin = () => {
    asked += 1;
    return 30_000 - clock.monotonicMs();
  };
  const running = open().run({ ...errand, beforeBegin }, never);
  await settle();
  expect(asked).toBe(0);
  clock.advance(20_000);
  come();
  await settle();
  expect(asked).toBe(1);
  clock.advance(10_000);
  await settle();
  clock.advance(1_000);
  expect(await running).toMatchObject({ reason: "took longer than 10 s" });

  let heard = 0;
  wait = answering(() => {
    heard += 1;
  });
  const stop = (): never => {
    throw new Error("it was stopped meanwhile");
  };
  const refused = open()
    .run({ ...errand, beforeBegin: stop }, never)
    .catch((error: unknown) => error);
  await settle();
  clock.advance(1_000);
  expect(await refused).toMatchObject({ message: "it was stopped meanwhile" });
  expect(heard).toBe(0);
  expect(sandboxes.running).toBe(0);
});

test("what is started for somebody who left counts until it is gone", async () => {
  const errands = open({ mostRunning: 1 });
  let come = (): void => undefined;
  part = (program) => {
    come = () => well(program);
  };
  const leaving = new AbortController();
  const left = errands.run(errand, leaving.signal).catch((error: unknown) => error);
  await settle();
  leaving.abort(new Error("left"));
  expect(await left).toMatchObject({ message: "left" });
  await expect(errands.run(errand, never)).rejects.toMatchObject({ code: "overloaded" });
  expect(sandboxes.started).toBe(1);
  come();
  await settle();
  clock.advance(1_000);
  await settle();
  expect(sandboxes.running).toBe(0);
  part = well;
  expect(await errands.run(errand, never)).toMatchObject({ reason: "ended with 0" });
});

test("no more are under way than may be", async () => {
  part = silent;
  const errands = open({ mostRunning: 2 });
  const leaving = new AbortController();
  const two = [errands.run(errand, leaving.signal), errands.run(errand, leaving.signal)];
  await expect(errands.run(errand, never)).rejects.toMatchObject({ code: "overloaded" });
  await settle();
  leaving.abort();
  await settle();
  clock.advance(1_000);
  for (const one of two) expect(await one).toMatchObject({ reason: "was called off" });
  part = well;
  expect(await errands.run(errand, never)).toMatchObject({ reason: "ended with 0" });
});

test("closing ends what runs and what waits, and refuses what comes then", async () => {
  const errands = open();
  await errands.run({ ...errand, place: { ...place, warm: 1 } }, never);
  clock.advance(100);
  await settle();
  expect(sandboxes.running).toBe(1);
  part = silent;
  const elsewhere = { ...place, server: "other" };
  const running = errands.run({ ...errand, place: elsewhere }, never);
  await settle();
  const closed = errands.close();
  await settle();
  clock.advance(1_000);
  await closed;
  expect(await running).toMatchObject({ reason: "was called off" });
  expect(sandboxes.running).toBe(0);
  const late = errands.run(errand, never);
  await expect(late).rejects.toMatchObject({ code: "draining" });
  expect(sandboxes.started).toBe(3);
});
