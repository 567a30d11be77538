import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { toDigest } from "../model/index.ts";
import type { Tier } from "../model/sandbox.ts";
import type { EgressGate, EgressOptions } from "../ports/egress.ts";
import { createSeededRandom } from "../ports/seeded-random.ts";
import { createInMemoryTelemetry } from "../ports/in-memory-telemetry.ts";
import type { Sandbox, SandboxDriver, SandboxProbe, SandboxSpec } from "../ports/sandbox.ts";
import { SecretValue } from "../ports/secrets.ts";
import { createSandboxes } from "./sandboxes.ts";

const limits = {
  memoryBytes: 1 << 28,
  processes: 32,
  cpuMillis: 1_000,
  scratchBytes: 1 << 20,
  openFiles: 64,
};
const wish = {
  server: "notes",
  command: ["program"],
  environment: {},
  directory: null,
  mounts: [],
  limits,
  egress: [],
  private: false,
  credentials: [],
};
const attempt = {
  atMs: 0,
  host: "evil.example",
  port: 443,
  protocol: "connect",
  method: null,
  credentials: [],
  bytesUp: 0,
  bytesDown: 0,
  ms: 1,
} as const;
const enforcement = {
  memoryBytes: "cgroup v2",
  processes: "cgroup v2",
  cpuMillis: "cgroup v2",
  scratchBytes: "mount",
  openFiles: "rlimit",
} as const;
const usable = { kind: "usable", evidence: ["it has no network"], enforcement } as const;
const missing = { kind: "missing", reason: "is not installed", fix: "apt-get install it" } as const;

/** A driver that only notes what it is told. */
function createNotingDriver(name: string, tier: Tier, probe: SandboxProbe) {
  const started: SandboxSpec[] = [];
  const ends: (() => void)[] = [];
  let probes = 0;
  const driver: SandboxDriver = {
    name,
    tier,
    probe: async () => {
      probes += 1;
      return probe;
    },
    start: async (spec): Promise<Sandbox> => {
      started.push(spec);
      const usage = {
        memoryPeakBytes: null,
        cpuUs: null,
        refusedProcesses: null,
        memoryKills: null,
      };
      const ended = new Promise<Awaited<Sandbox["ended"]>>((resolve) =>
        ends.push(() => resolve({ reason: "ended with 0", usage, remains: [] })),
      );
      const streams = {
        stdin: new PassThrough(),
        stdout: new PassThrough(),
        stderr: new PassThrough(),
      };
      return { ...streams, ended, terminate: () => undefined, kill: () => undefined };
    },
    sweep: async () => undefined,
  };
  return { driver, started, ends, probes: () => probes };
}

function createNotingEgress() {
  const opened: EgressOptions[] = [];
  const accepted: unknown[] = [];
  let closed = 0;
  const gate: EgressGate = {
    open(options) {
      opened.push(options);
      return {
        authority: options.credentials.length === 0 ? null : "AUTHORITY",
        accept: (socket) => void accepted.push(socket),
        close: async () => void (closed += 1),
        log: () => ({ attempts: accepted.length, refused: 0, dropped: 0, digest: toDigest("log") }),
      };
    },
  };
  return { gate, opened, accepted, closed: () => closed };
}

function open(...drivers: readonly SandboxDriver[]) {
  const egress = createNotingEgress();
  const telemetry = createInMemoryTelemetry();
  return {
    egress,
    telemetry,
    sandboxes: createSandboxes({
      drivers,
      egress: egress.gate,
      random: createSeededRandom(1),
      telemetry,
    }),
  };
}

test("I12: a tier that is missing is refused with what mends it, and no other one is taken", async () => {
  const weaker = createNotingDriver("weak", "T1", usable);
  const stronger = createNotingDriver("strong", "T3", usable);
  const wanted = createNotingDriver("wanted", "T2", missing);
  const { sandboxes } = open(weaker.driver, wanted.driver, stronger.driver);
  await expect(sandboxes.start("T2", wish)).rejects.toMatchObject({
    code: "sandbox_missing",
    message: expect.stringContaining("wanted: is not installed (apt-get install it)"),
  });
  expect([weaker, wanted, stronger].flatMap(({ started }) => started)).toEqual([]);
  await expect(open().sandboxes.start("T1", wish)).rejects.toMatchObject({
    code: "sandbox_missing",
  });
});

test("of two drivers of a tier the first that is usable is taken, tried once, and named by the receipt", async () => {
  const first = createNotingDriver("first", "T3", missing);
  const second = createNotingDriver("second", "T3", usable);
  const { sandboxes, egress } = open(first.driver, second.driver);
  const { stamp } = await sandboxes.start("T3", wish);
  await sandboxes.start("T3", wish);
  const rows = await sandboxes.list();
  expect(second.started).toHaveLength(2);
  // What is missing is looked at anew: somebody may have installed it.
  expect([first.probes(), second.probes()]).toEqual([3, 1]);
  expect(second.started[0]!.onConnection).toBeNull();
  expect(egress.opened).toEqual([]);
  expect(stamp()).toEqual({
    tier: "T3",
    driver: "second",
    evidence: rows[1]!.evidence,
    limits: expect.stringMatching(/^sha256:/),
    downgraded: false,
    egress: null,
  });
});

test("what enforces a limit is part of what the receipt commits to", async () => {
  const byGroup = createNotingDriver("one", "T1", usable);
  const other = { ...usable, enforcement: { ...enforcement, memoryBytes: "none" as const } };
  const byNothing = createNotingDriver("one", "T1", other);
  const stamps = await Promise.all(
    [byGroup, byNothing].map(async ({ driver }) =>
      (await open(driver).sandboxes.start("T1", wish)).stamp(),
    ),
  );
  expect(stamps[0]!.limits).not.toBe(stamps[1]!.limits);
  expect(stamps[0]!.evidence).not.toBe(stamps[1]!.evidence);
});

test("a program that may reach hosts has a way out of its own, which closes with it", async () => {
  const one = createNotingDriver("one", "T1", usable);
  const { sandboxes, egress, telemetry } = open(one.driver);
  const hosts = { ...wish, egress: ["api.example.com:443"] };
  const { sandbox, stamp } = await sandboxes.start("T1", hosts);
  expect(egress.opened[0]).toMatchObject({
    private: false,
    rules: [{ host: "api.example.com", port: 443 }],
  });
  const socket = new PassThrough();
  one.started[0]!.onConnection!(socket);
  expect(egress.accepted).toEqual([socket]);
  expect(stamp().egress).toEqual({ attempts: 1, refused: 0, digest: toDigest("log") });
  egress.opened[0]!.onAttempt({ ...attempt, verdict: "refused", reason: "no rule allows it" });
  const [line = ""] = telemetry.lines;
  expect(JSON.parse(line)).toMatchObject({
    level: "warn",
    server: "notes",
    host: "evil.example",
    reason: "no rule allows it",
  });
  one.ends[0]!();
  await sandbox.ended;
  await Promise.resolve();
  expect(egress.closed()).toBe(1);
});

test("I9: a program gets a placeholder of its own, and the gate what stands behind it", async () => {
  const one = createNotingDriver("one", "T1", usable);
  const { sandboxes, egress, telemetry } = open(one.driver);
  const secret = new SecretValue("the-secret");
  const hosts = {
    ...wish,
    environment: { KEPT: "1" },
    egress: ["api.example.com:443"],
    credentials: [{ variable: "API_TOKEN", place: "api.example.com:443", secret }],
  };
  await sandboxes.start("T1", hosts);
  await sandboxes.start("T1", hosts);
  const [first, second] = one.started.map(({ environment }) => environment);
  expect(first).toEqual({
    KEPT: "1",
    API_TOKEN: expect.stringMatching(/^countersign-placeholder-[0-9a-f]{32}$/),
  });
  expect(second!["API_TOKEN"]).not.toBe(first!["API_TOKEN"]);
  expect(egress.opened[0]!.credentials).toEqual([
    { name: "API_TOKEN", place: "api.example.com:443", placeholder: first!["API_TOKEN"], secret },
  ]);
  expect(one.started.map(({ authority }) => authority)).toEqual(["AUTHORITY", "AUTHORITY"]);
  const used = {
    ...attempt,
    credentials: ["API_TOKEN"],
    verdict: "allowed",
    reason: "ended",
  } as const;
  egress.opened[0]!.onAttempt(used);
  expect(JSON.parse(telemetry.lines.at(-1)!)).toMatchObject({ credentials: "API_TOKEN" });
  expect(JSON.stringify([one.started, telemetry.lines])).not.toContain("the-secret");
});

test("a sandbox that does not start leaves no way out open", async () => {
  const one = createNotingDriver("one", "T1", usable);
  const failing = { ...one.driver, start: () => Promise.reject(new Error("no")) };
  const { sandboxes, egress } = open(failing);
  const hosts = { ...wish, egress: ["api.example.com:443"] };
  await expect(sandboxes.start("T1", hosts)).rejects.toThrow("no");
  expect(egress.closed()).toBe(1);
});
