import { chmodSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createQemuDriver } from "../../src/adapters/sandboxes/microvm/driver.ts";
import { toMachinePlace } from "../../src/adapters/sandboxes/images/machine-image.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { systemRandom } from "../../src/adapters/system/system-random.ts";
import type { SandboxDriver } from "../../src/ports/sandbox.ts";
import type { Progress } from "../main.ts";
import { readMachine, toQuantile, type Report } from "../report.ts";

const count = 7;
const uids = { first: 72_000, count: 100 };
const limits = {
  memoryBytes: 128 * 1024 * 1024,
  processes: 64,
  cpuMillis: 1_000,
  scratchBytes: 16 * 1024 * 1024,
  openFiles: 256,
};
const programs: Readonly<Record<string, readonly string[]>> = {
  true: ["true"],
  Python: ["python3", "-c", "print(6 * 7)"],
  JavaScript: ["node", "-e", "console.log(6 * 7)"],
};
/** Where `sandbox setup` puts images as root, in a checkout, and for tests. */
const folders = [
  "/var/lib/countersign/sandboxes",
  path.resolve(".countersign", "sandboxes"),
  path.join(tmpdir(), `countersign-sandboxes-${process.getuid?.() ?? 0}`),
];

/** A machine that boots, and machines that go on from a copy of it. */
export async function measureMachines(progress: Progress): Promise<Report> {
  const machine = readMachine();
  const about =
    "A virtual machine by QEMU for each program, in milliseconds, median (lowest). Begun: from asking until its program was started; ended: until nothing of it is left; processor: of all of that after the start.";
  const image = folders.map(toMachinePlace).find((place) => existsSync(place));
  if (image === undefined)
    return { name: "machines", about, machine, rows: [], notes: ["NOT RUN: there is no image."] };
  const directory = mkdtempSync(path.join(tmpdir(), "machines-bench-"));
  chmodSync(directory, 0o755);
  try {
    const driver = createQemuDriver({
      clock: systemClock,
      random: systemRandom,
      hidden: [],
      uids: process.getuid?.() === 0 ? uids : null,
      nodePath: process.execPath,
      path: "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
      image,
      directory,
      note: progress,
    });
    progress("trying which processor it has …");
    const probe = await driver.probe();
    if (probe.kind === "missing") {
      const notes = [`NOT RUN: ${probe.reason}.`];
      return { name: "machines", about, machine, rows: [], notes };
    }
    progress("booting one of another size …");
    const cold = await measure(driver, { ...limits, memoryBytes: 256 * 1024 * 1024 }, ["true"]);
    const rows = [{ what: "cold: boots, is copied, goes on", ...toRow([cold]) }];
    for (const [name, command] of Object.entries(programs)) {
      progress(`${count} times ${name} …`);
      const times: Times[] = [];
      for (let turn = 0; turn < count; turn += 1)
        times.push(await measure(driver, limits, command));
      rows.push({ what: `restored: ${name}`, ...toRow(times) });
    }
    return { name: "machines", about, machine, rows, notes: [probe.evidence.at(-1) ?? ""] };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

interface Times {
  readonly begun: number;
  readonly ended: number;
  readonly processor: number;
}

async function measure(
  driver: SandboxDriver,
  given: typeof limits,
  command: readonly string[],
): Promise<Times> {
  const startedMs = performance.now();
  const sandbox = await driver.start({
    command,
    environment: {},
    directory: null,
    mounts: [],
    limits: given,
    onConnection: null,
    authority: null,
  });
  const begun = performance.now() - startedMs;
  sandbox.stdin.end();
  const { reason, usage } = await sandbox.ended;
  if (reason !== "ended with 0") throw new Error(`${command.join(" ")} ${reason}`);
  const ended = performance.now() - startedMs;
  return { begun, ended, processor: (usage.cpuUs ?? 0) / 1_000 };
}

function toRow(times: readonly Times[]) {
  const show = (of: (one: Times) => number): string => {
    const sorted = times.map(of).toSorted((a, b) => a - b);
    return `${Math.round(toQuantile(sorted, 0.5))} (${Math.round(sorted[0] ?? 0)})`;
  };
  return {
    begun: show(({ begun }) => begun),
    ended: show(({ ended }) => ended),
    processor: show(({ processor }) => processor),
  };
}
