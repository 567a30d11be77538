import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { systemClock } from "../src/adapters/system/system-clock.ts";
import { systemRandom } from "../src/adapters/system/system-random.ts";
import { openSandboxes } from "../src/main/open-sandboxes.ts";
import type { Tier } from "../src/model/sandbox.ts";
import { createInMemoryTelemetry } from "../src/ports/in-memory-telemetry.ts";
import type { Sandboxes } from "../src/ports/sandbox.ts";
import type { Progress } from "./main.ts";
import { readMachine, toQuantile, type Report } from "./report.ts";
import { measureAtOnce } from "./sandbox/at-once.ts";
import { openBench, type ErrandBench } from "./sandbox/errand-bench.ts";
import { plainSandboxes } from "./sandbox/plain-sandboxes.ts";
import { describeParts, measureWaiting } from "./sandbox/waiting.ts";

const programs = {
  true: ["true"],
  JavaScript: ["node", "-e", "process.stdout.write(String(6 * 7))"],
  Python: ["python3", "-c", "print(6 * 7)"],
} as const;

/** Machines without help of the processor take seconds for each. */
const counts: Readonly<Record<Tier, { readonly cold: number; readonly warm: number }>> = {
  T0: { cold: 0, warm: 0 },
  T1: { cold: 20, warm: 30 },
  T2: { cold: 10, warm: 15 },
  T3: { cold: 3, warm: 5 },
};
const pairs = 100;
/** Where `sandbox setup` puts what drivers start from: as root, in a checkout, and for tests. */
const setups = [
  "/var/lib/countersign/sandboxes",
  path.resolve(".countersign", "sandboxes"),
  path.join(tmpdir(), `countersign-sandboxes-${process.getuid?.() ?? 0}`),
];

type Row = Readonly<Record<string, string | number>>;

const toMs = (times: readonly number[], share = 0.5): number =>
  Number(
    toQuantile(
      times.toSorted((a, b) => a - b),
      share,
    ).toFixed(2),
  );
const show = (times: readonly number[]): string => `${toMs(times)} (${toMs(times, 0.95)})`;

export async function measureSandbox(progress: Progress): Promise<Report> {
  const machine = readMachine();
  const sandboxes = await openSandboxes({
    clock: systemClock,
    random: systemRandom,
    telemetry: createInMemoryTelemetry(),
    forPrograms: { PATH: `${path.dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin` },
    sandboxesDirectory: setups.find((one) => existsSync(one)) ?? setups[0]!,
    hidden: [],
  });
  const found = await sandboxes.list();
  const places: {
    readonly name: string;
    readonly tier: Tier;
    readonly from: Pick<Sandboxes, "start">;
  }[] = [{ name: "no sandbox", tier: "T1", from: plainSandboxes }];
  const missing: string[] = [];
  for (const { driver, tier, probe } of found) {
    if (tier === "T0" || places.some((one) => one.tier === tier && one.from === sandboxes))
      continue;
    if (probe.kind === "missing") missing.push(`NOT RUN: ${tier} by ${driver}: ${probe.reason}.`);
    else places.push({ name: `${tier} ${driver}`, tier, from: sandboxes });
  }
  const rows: Row[] = [];
  for (const { name, tier, from } of places) {
    progress(`${name} …`);
    rows.push(await measurePlace(name, tier, from));
  }
  const hasFirst = places.some((one) => one.name.startsWith("T1"));
  progress("T1 beside no sandbox …");
  const notes = hasFirst ? await compare(sandboxes) : [];
  return {
    name: "sandbox",
    about:
      "A program with its files, carried out in a sandbox of its own. Milliseconds from asking until nothing of the sandbox is left, p50 (p95). Cold: it is started for it; warm: it waited.",
    machine,
    rows,
    notes: [...notes, ...missing],
  };
}

async function measurePlace(
  name: string,
  tier: Tier,
  from: Pick<Sandboxes, "start">,
): Promise<Row> {
  const bench = openBench(from, tier);
  const { cold, warm } = counts[tier];
  const row: Record<string, string | number> = {
    place: name,
    "cold, `true`": show(await repeat(cold, () => bench.runCold(programs.true))),
  };
  for (const [program, command] of Object.entries(programs))
    row[`warm, ${program}`] = show(await repeat(warm, () => bench.runWarm(command)));
  row["4 at once, a second"] = await measureAtOnce(bench, programs.true);
  await bench.close();
  row["one that waits, MiB"] = await measureWaiting(from, tier);
  return row;
}

/** In turns, and each first as often as the other: whatever else this machine does, it does to both. */
async function compare(sandboxes: Sandboxes): Promise<readonly string[]> {
  const benches: readonly [ErrandBench, ErrandBench] = [
    openBench(plainSandboxes, "T1"),
    openBench(sandboxes, "T1"),
  ];
  const times: readonly [number[], number[]] = [[], []];
  for (let round = 0; round < pairs; round += 1)
    for (const which of round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const))
      times[which].push(await benches[which].runWarm(programs.true));
  for (const bench of benches) await bench.close();
  const [plain, boxed] = times;
  const more = (toMs(boxed) - toMs(plain)).toFixed(2);
  const differences = boxed.map((one, index) => one - plain[index]!);
  return [
    `Warm \`true\` in turns, ${pairs} of each: p50 ${toMs(plain)} ms without a sandbox, ${toMs(boxed)} ms in T1: ${more} ms more (p50 of the pairs ${toMs(differences)} ms; fastest ${toMs(plain, 0)} and ${toMs(boxed, 0)} ms).`,
    `Of that, p50: ${await describeParts(sandboxes)}.`,
  ];
}

async function repeat(times: number, run: () => Promise<number>): Promise<readonly number[]> {
  const taken: number[] = [];
  for (let round = 0; round < times; round += 1) taken.push(await run());
  return taken;
}
