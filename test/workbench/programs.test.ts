import { expect, test } from "vitest";
import { bareStamp, type SandboxStamp } from "../../src/model/sandbox.ts";
import { Fault, toDigest, type TenantId } from "../../src/model/index.ts";
import type { Errands } from "../../src/ports/errands.ts";
import { createInMemoryErrands } from "../../src/ports/in-memory-errands.ts";
import { namesOf, openBench, toFile } from "./bench-scene.ts";

const stamp: SandboxStamp = {
  ...bareStamp,
  tier: "T3",
  driver: "made up",
  evidence: toDigest("evidence"),
  limits: toDigest("limits"),
};
const usage = { memoryPeakBytes: 5, cpuUs: 7, refusedProcesses: 0, memoryKills: 0 };

test("a program gets all files, and what it changed is the workspace; its receipt says where it ran", async () => {
  const { call, errands, entries } = await openBench({
    carryOut: () => ({
      exitCode: 3,
      stdout: "out\n",
      stderr: "err",
      changes: { written: [toFile("b", "new")], removed: ["a"] },
      ending: { stamp, usage },
    }),
  });
  const wrote = await call("write_file", { path: "a", text: "x" });
  const ran = await call("run_code", { language: "python", code: "print(1)", timeout_seconds: 5 });
  expect(ran).toMatchObject({
    isError: true,
    text: 'The program ended with 3.\nstdout:\nout\nstderr:\nerr\nwritten: "b" (3)\nremoved: "a"',
  });
  expect(ran.workspace!.before).toBe(wrote.workspace!.after);
  expect((await call("list_files")).text).toBe("1 files, 3 bytes\n3\tb");
  const [errand] = errands.asked;
  expect(namesOf(errand!)).toEqual(["a"]);
  expect(errand).toMatchObject({
    command: ["python3", "-c", "print(1)"],
    timeoutMs: 5_000,
    place: { server: "lab", tier: "T3", egress: [], private: false, warm: 1 },
  });
  const outcomes = (await entries()).filter((entry) => entry.kind === "outcome");
  const ofRun = outcomes.find(({ tool }) => tool === "run_code")!;
  expect(ofRun).toMatchObject({
    outcome: "tool_error",
    sandbox: { ...stamp, exit: 3, usage: { memoryPeakBytes: 5, cpuUs: 7 } },
  });
  expect(outcomes.find(({ tool }) => tool === "write_file")).toMatchObject({ sandbox: null });
});

test.each([
  ["run_code", { language: "javascript", code: "1" }, ["node", "-e", "1"]],
  ["bash", { command: "ls" }, ["bash", "-c", "ls"]],
])("%s is carried out as %j", async (tool, args, command) => {
  const { call, errands } = await openBench({ server: { sandbox: "T2", warm: 0 } });
  expect((await call(tool, args)).isError).toBe(false);
  expect(errands.asked[0]).toMatchObject({ command, place: { tier: "T2", warm: 0 } });
});

test("I12: where the tier is missing the call is refused with what mends it, and nothing runs elsewhere", async () => {
  const fix = "apt-get install qemu-system-x86";
  const bench = await openBench({
    carryOut: () => {
      throw new Fault(
        "sandbox_missing",
        `The program is to run in tier T3, and there is none (${fix}).`,
      );
    },
  });
  const before = await bench.call("write_file", { path: "a", text: "x" });
  const refused = await bench.call("bash", { command: "true" });
  expect(refused.error).toMatchObject({
    message: expect.stringContaining(fix),
    data: { fault: "sandbox_missing" },
  });
  expect((await bench.call("list_files")).workspace).toEqual({
    before: before.workspace!.after,
    after: before.workspace!.after,
  });
  const outcome = (await bench.entries()).findLast(
    (entry) => entry.kind === "outcome" && entry.tool === "bash",
  );
  expect(outcome).toMatchObject({ outcome: "fault", reason: "sandbox_missing", sandbox: null });
});

test("a program whose files cannot be taken over, or pass the bounds, leaves the workspace as it was", async () => {
  const changes = [
    null,
    { written: [toFile("big", "x".repeat(70_000))], removed: ["a"] },
    { written: [toFile("../out", "x")], removed: [] },
  ];
  const server = { workspace: { size: "64KiB" } };
  const bench = await openBench({ server, carryOut: () => ({ changes: changes.shift()! }) });
  const before = (await bench.call("write_file", { path: "a", text: "x" })).workspace!.after;
  for (const words of ["not kept", "workspace.size", "part that is . or .."]) {
    const ran = await bench.call("bash", { command: "true" });
    expect(ran).toMatchObject({ isError: true, text: expect.stringContaining(words) });
    expect(ran.workspace).toEqual({ before, after: before });
  }
});

test("what a program says is cut, and the answer tells how much of it", async () => {
  const said = { bytes: Buffer.alloc(40_000, "y"), droppedBytes: 1_000 };
  const bench = await openBench({ carryOut: () => ({ ending: { stdout: said } }) });
  const { text } = await bench.call("bash", { command: "yes" });
  expect(text).toContain("(8232 bytes more of stdout are not shown)");
  expect(text.length).toBeLessThan(33_000);
});

test("two programs at once on one workspace: what both changed is there", async () => {
  let [waiting, wake] = [0, () => undefined as void];
  const both = new Promise<void>((resolve) => (wake = resolve));
  const bench = await openBench({
    async carryOut({ command }) {
      waiting += 1;
      if (waiting === 2) wake();
      await both;
      return {
        changes: { written: [toFile(command[2]!, "x"), toFile("both", "x")], removed: ["a"] },
      };
    },
  });
  await bench.call("write_file", { path: "a", text: "x" });
  const ran = await Promise.all(["one", "two"].map((command) => bench.call("bash", { command })));
  expect(ran.map(({ isError }) => isError)).toEqual([false, false]);
  expect((await bench.call("list_files")).text).toBe("3 files, 3 bytes\n1\tboth\n1\tone\n1\ttwo");
  expect(ran.map(({ workspace }) => workspace!.before)).toContain(
    ran
      .map(({ workspace }) => workspace!.after)
      .find((digest) => ran.some(({ workspace }) => workspace!.before === digest)),
  );
});

test("a call that is cancelled ends its program, and nothing of it is kept", async () => {
  const changes = { written: [toFile("late", "x")], removed: [] };
  const bench = await openBench({
    server: { tools: { bash: { timeout: "300ms" } } },
    async carryOut(_, signal) {
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
      return { exitCode: null, reason: "was called off", changes };
    },
  });
  const ran = await bench.call("bash", { command: "sleep 9" });
  expect(ran.isError).toBe(true);
  expect((await bench.call("list_files")).text).toBe("0 files, 0 bytes");
});

test("a change is made once under the key of its call, whoever sends it again", async () => {
  const bench = await openBench({
    carryOut: ({ files }) => ({
      changes: { written: [toFile("count", `${files.length}`)], removed: [] },
    }),
  });
  const run = await bench.startRun();
  const { workspaces } = bench.store;
  const { put } = workspaces;
  // It has become durable, and whoever asked for it does not hear of that.
  workspaces.put = async (change) => {
    await put(change);
    workspaces.put = put;
    throw new Fault("upstream_lost", "The store was lost in the middle of it.");
  };
  const args = { command: "count" };
  const lost = await bench.callOfRun(run, "bash", args, "k1").catch((error: unknown) => error);
  expect(lost).toBeInstanceOf(Fault);
  const again = await bench.callOfRun(run, "bash", args, "k1");
  expect(again.text).toContain("was made before");
  expect(bench.errands.asked).toHaveLength(1);
  expect((await bench.callOfRun(run, "read_file", { path: "count" })).text).toBe("0");
});

test("policy may deny bash where run_code is allowed, and ask for a tier that is strong enough", async () => {
  const rules = `
    @id("all") permit (principal, action, resource);
    @id("no-shell") @reason("No shell here.")
    forbid (principal, action == Action::"lab__bash", resource);
    @id("own-kernel") @reason("Unread code needs more.")
    forbid (principal, action in [Action::"write"], resource)
    unless { context has sandbox && context.sandbox.untrustedCode };`;
  const document = { policy: { rules: { lab: rules } } };
  const { call, errands } = await openBench({ document });
  expect(await call("bash", { command: "true" })).toMatchObject({
    isError: true,
    text: expect.stringContaining("no-shell"),
  });
  const ran = await call("run_code", { language: "javascript", code: "1" });
  expect(ran.isError).toBe(false);
  expect(errands.asked).toHaveLength(1);
});

test.each(["T2", "T3"])(
  "in %s a rule that wants T3 has its programs run there",
  async (sandbox) => {
    const rules = `
    @id("all") permit (principal, action, resource);
    @id("strong") @reason("It has to be strong.") @obligation("sandbox T3")
    forbid (principal, action in [Action::"write"], resource)
    unless { context.obligation.met };`;
    const document = { policy: { rules: { lab: rules } } };
    const { call, errands } = await openBench({ server: { sandbox }, document });
    const ran = await call("bash", { command: "true" });
    expect(ran.isError).toBe(false);
    expect(errands.asked.map(({ place }) => place.tier)).toEqual(["T3"]);
    // What others write for programs may be run as configured: it is held to that.
    const wrote = await call("write_file", { path: "a", text: "" });
    expect(wrote.isError).toBe(sandbox === "T2");
  },
);

test("I12: where the tier that a rule wants is missing, its program runs in no other", async () => {
  const rules = `
    @id("all") permit (principal, action, resource);
    @id("strong") @reason("It has to be strong.") @obligation("sandbox T3")
    forbid (principal, action in [Action::"write"], resource)
    unless { context.obligation.met };`;
  const ran: string[] = [];
  const { call } = await openBench({
    server: { sandbox: "T2" },
    document: { policy: { rules: { lab: rules } } },
    carryOut: ({ place }) => {
      if (place.tier === "T3") throw new Fault("sandbox_missing", "There is no T3.");
      ran.push(place.tier);
      return {};
    },
  });
  const refused = await call("bash", { command: "true" });
  expect(refused.error).toMatchObject({ data: { fault: "sandbox_missing" } });
  expect(ran).toEqual([]);
});

test("I4: a freeze that comes while a sandbox starts stops the program", async () => {
  const programs = createInMemoryErrands(() => ({ stdout: "ran" }));
  let starts = async (): Promise<void> => undefined;
  const errands: Errands = {
    ...programs,
    async run(errand, signal) {
      await starts();
      return programs.run(errand, signal);
    },
  };
  const { call, gate, entries } = await openBench({ errands });
  expect((await call("bash", { command: "true" })).text).toContain("ran");
  starts = async () => {
    const row = { tenant: "default" as TenantId, kind: "server", name: "lab" } as const;
    await gate.store.freezes.put({ ...row, reason: "it runs wild", by: "admin", atMs: 0 });
    await gate.base.freezes.refresh();
  };
  const stopped = await call("bash", { command: "true" });
  expect(stopped.error).toMatchObject({ data: { fault: "frozen" } });
  const outcome = (await entries()).findLast((entry) => entry.kind === "outcome");
  expect(outcome).toMatchObject({ outcome: "fault", reason: "frozen", sandbox: null });
});

test.each([
  ["overloaded", "upstream_busy"],
  ["draining", "upstream_unreachable"],
] as const)(
  "a program that is not taken on (%s) was not carried out, and is not in doubt",
  async (said, code) => {
    const bench = await openBench({
      carryOut: () => {
        throw new Fault(said, "No program is taken on just now.");
      },
    });
    const refused = await bench.call("bash", { command: "true" });
    expect(refused.error).toMatchObject({ data: { fault: code } });
    const outcome = (await bench.entries()).findLast((entry) => entry.kind === "outcome");
    expect(outcome).toMatchObject({ outcome: "fault", reason: code });
  },
);

test("others who change a workspace again and again leave a program without its changes, and it is told so", async () => {
  const bench = await openBench({
    carryOut: () => ({ stdout: "ran", changes: { written: [toFile("a", "x")], removed: [] } }),
  });
  let puts = 0;
  bench.store.workspaces.put = async () => {
    puts += 1;
    return "stale";
  };
  const ran = await bench.call("bash", { command: "true" });
  expect(ran).toMatchObject({
    isError: true,
    text: expect.stringContaining("Nothing was changed"),
  });
  expect(ran.text).toContain("ran");
  expect(puts).toBe(16);
  const wrote = await bench.call("write_file", { path: "b", text: "" });
  expect(wrote.error).toMatchObject({ data: { fault: "upstream_busy" } });
});
