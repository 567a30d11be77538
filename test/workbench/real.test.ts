import { afterAll, beforeAll, expect, test } from "vitest";
import { createEgressGate } from "../../src/adapters/egress/egress-gate.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { systemRandom } from "../../src/adapters/system/system-random.ts";
import { createQuickjsDriver } from "../../src/adapters/sandboxes/quickjs/driver.ts";
import { openErrands } from "../../src/main/open-errands.ts";
import type { Errands } from "../../src/ports/errands.ts";
import { createInMemoryTelemetry } from "../../src/ports/in-memory-telemetry.ts";
import { createSandboxes } from "../../src/sandbox/sandboxes.ts";
import { createGvisorUnderTest } from "../conformance/gvisor-under-test.ts";
import { createDriverUnderTest } from "../conformance/bubblewrap-under-test.ts";
import { openBench } from "./bench-scene.ts";

const telemetry = createInMemoryTelemetry();
/** Users of the host that only these tests use. */
const uids = process.getuid?.() === 0 ? { first: 66_900, count: 50 } : null;
const quickjs = createQuickjsDriver({
  clock: systemClock,
  random: systemRandom,
  nodePath: process.execPath,
  path: process.env["PATH"] ?? "",
  uids,
});
const sandboxes = createSandboxes({
  drivers: [quickjs, createDriverUnderTest(), createGvisorUnderTest()],
  egress: createEgressGate({ clock: systemClock, random: systemRandom }),
  random: systemRandom,
  telemetry,
});
const real = openErrands({ sandboxes, clock: systemClock, telemetry });

interface Place {
  readonly tier: "T1" | "T2";
  readonly driver: string;
}

/** In this tier, whatever configuration says: T1 shows all but the strength of the stronger ones. */
const inTier = (tier: Place["tier"]): Errands => ({
  ...real,
  run: (errand, signal) =>
    real.run({ ...errand, place: { ...errand.place, tier, warm: 0 } }, signal),
});

let usable: readonly string[] = [];
beforeAll(async () => {
  const rows = await sandboxes.list();
  usable = rows.flatMap(({ tier, probe }) => (probe.kind === "usable" ? [tier] : []));
  for (const { driver, probe } of rows)
    if (probe.kind === "missing") console.log(`NOT RUN: a workbench on ${driver}: ${probe.reason}`);
}, 120_000);
afterAll(() => real.close());

const bench = (tier: Place["tier"] = "T1") => openBench({ sandboxes, errands: inTier(tier) });
const places: Place[] = [
  { tier: "T1", driver: "bubblewrap" },
  { tier: "T2", driver: "gvisor" },
];

test.for(places)(
  "in $tier a file is written, Python runs over it, and what it made is read",
  { timeout: 120_000 },
  async ({ tier, driver }, { skip }) => {
    if (!usable.includes(tier)) skip(`there is no ${tier} here`);
    const { call, entries } = await bench(tier);
    await call("write_file", { path: "in/numbers.txt", text: "1\n2\n39\n" });
    const code = [
      "import os",
      "total = sum(int(line) for line in open('in/numbers.txt'))",
      "os.makedirs('out', exist_ok=True)",
      "open('out/total.txt', 'w').write(str(total))",
      "open('out/run.sh', 'w').write('#!/bin/sh\\necho ran in $PWD')",
      "os.chmod('out/run.sh', 0o755)",
      "print('total', total)",
    ].join("\n");
    const ran = await call("run_code", { language: "python", code });
    expect(ran).toMatchObject({ isError: false });
    expect(ran.text).toContain("stdout:\ntotal 42");
    expect((await call("read_file", { path: "out/total.txt" })).text).toBe("42");
    expect((await call("list_files")).text).toContain("out/run.sh (executable)");
    const shell = await call("bash", { command: "out/run.sh && rm out/run.sh && ls -R && exit 4" });
    expect(shell).toMatchObject({ isError: true });
    expect(shell.text).toContain("ended with 4");
    expect(shell.text).toContain('removed: "out/run.sh"');
    const outcome = (await entries()).findLast((each) => each.kind === "outcome");
    expect(outcome).toMatchObject({
      tool: "bash",
      outcome: "tool_error",
      sandbox: { tier, driver, exit: 4, egress: null },
    });
  },
);

test.for(places)(
  "in $tier JavaScript runs as well, and one that never ends is ended",
  { timeout: 120_000 },
  async ({ tier }, { skip }) => {
    if (!usable.includes(tier)) skip(`there is no ${tier} here`);
    const { call } = await bench(tier);
    const code =
      "require('fs').writeFileSync('a.json', JSON.stringify({ n: 6 * 7 })); console.log('ok')";
    const ran = await call("run_code", { language: "javascript", code });
    expect(ran.text).toBe('The program ended with 0.\nstdout:\nok\nwritten: "a.json" (8)');
    const forever = { language: "javascript", code: "for (;;);", timeout_seconds: 1 };
    const ended = await call("run_code", forever);
    expect(ended).toMatchObject({ isError: true });
    expect(ended.text).toContain("took longer than 1 s");
    expect(ended.workspace!.after).toBe(ran.workspace!.after);
  },
);

test("compute is done by an engine alone, and its receipt says T0", async ({ skip }) => {
  if (!usable.includes("T0")) skip("there is no T0 here");
  const { call, entries } = await bench();
  const done = await call("compute", {
    code: "JSON.parse(input).map((n) => n * 2)",
    input: "[1, 2, 3]",
  });
  expect(done).toMatchObject({ isError: false, text: "[2,4,6]\n", workspace: undefined });
  const outcome = (await entries()).findLast((each) => each.kind === "outcome");
  expect(outcome).toMatchObject({ tool: "compute", sandbox: { tier: "T0", exit: 0 } });
  for (const code of ["require('fs')", "fetch('http://127.0.0.1')", "process.exit(0)", "1 +"]) {
    const failed = await call("compute", { code });
    expect(failed).toMatchObject({ isError: true });
    expect(failed.text).not.toMatch(/\/work|node_modules|file:/);
  }
}, 60_000);

test("a rule that wants more than an engine denies compute, unless configuration says that it is enough", async ({
  skip,
}) => {
  if (!usable.includes("T0")) skip("there is no T0 here");
  const rules = `
    @id("all") permit (principal, action, resource);
    @id("strong") @reason("It has to be strong.") @obligation("sandbox T2")
    forbid (principal, action, resource) unless { context.obligation.met };`;
  const document = { policy: { rules: { lab: rules } } };
  const options = { document, sandboxes };
  const denied = await openBench(options);
  expect(await denied.call("compute", { code: "1" })).toMatchObject({
    isError: true,
    text: expect.stringContaining("a sandbox of tier T2"),
  });
  const allowed = await openBench({
    ...options,
    server: { tools: { compute: { downgrade: "T0" } } },
  });
  expect(await allowed.call("compute", { code: "1" })).toMatchObject({ text: "1\n" });
  const outcome = (await allowed.entries()).findLast((each) => each.kind === "outcome");
  expect(outcome).toMatchObject({ sandbox: { tier: "T0", downgraded: true } });
}, 60_000);
