import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { measureApprovals } from "./approvals.ts";
import { measureDesk } from "./desk.ts";
import { measureGate } from "./gate.ts";
import { measureTelemetry } from "./gate/telemetry.ts";
import { measureLedger } from "./ledger.ts";
import { measureMachines } from "./sandbox/microvm-restore.ts";
import { measureMemory } from "./memory.ts";
import { measureModel } from "./model.ts";
import { measurePolicy } from "./policy.ts";
import { measureRuns } from "./runs.ts";
import { measureSandbox } from "./sandbox.ts";
import { measureScale } from "./scale.ts";
import { measureSoak } from "./soak.ts";
import { measureTenants } from "./tenants.ts";
import { measureStore } from "./store.ts";
import { measureWake } from "./wake.ts";
import type { Report } from "./report.ts";
import { toMarkdown } from "./report.ts";

/** One benchmark a word. Each measures, says on which machine, and keeps its figures. */
const benchmarks: Readonly<Record<string, Measure>> = {
  approvals: measureApprovals,
  desk: measureDesk,
  gate: measureGate,
  ledger: measureLedger,
  machines: measureMachines,
  memory: measureMemory,
  model: measureModel,
  policy: measurePolicy,
  runs: measureRuns,
  sandbox: measureSandbox,
  scale: measureScale,
  soak: measureSoak,
  store: measureStore,
  tenants: measureTenants,
  wake: measureWake,
};

/** What can be measured without the rest of its benchmark, and stands in a section of its own. */
const sections: Readonly<Record<string, Readonly<Record<string, Measure>>>> = {
  gate: { telemetry: measureTelemetry },
};

export type Progress = (line: string) => void;

type Measure = (progress: Progress) => Promise<Report>;

const names = Object.keys(benchmarks);
const args = process.argv.slice(2);
const [asked = "", part] = args.filter((arg) => !arg.startsWith("-"));
const benchmark = benchmarks[asked];
const own = sections[asked] ?? {};

if (benchmark === undefined || (part !== undefined && own[part] === undefined)) {
  const parts = Object.entries(sections).map(
    ([name, of]) => `${name} ${Object.keys(of).join("|")}`,
  );
  console.error(`usage: npm run bench -- <${names.join("|")}> [--json]`);
  console.error(`A section alone: ${parts.join(", ")}`);
  process.exit(2);
}

const results = path.join(import.meta.dirname, "results");
const report = part === undefined ? await measureAll(benchmark) : await measurePart(own[part]!);
mkdirSync(results, { recursive: true });
writeFileSync(path.join(results, `${asked}.json`), `${JSON.stringify(report, null, 2)}\n`);
writeFileSync(path.join(results, `${asked}.md`), toMarkdown(report));
console.log(args.includes("--json") ? JSON.stringify(report) : toMarkdown(report));

async function measureAll(measure: Measure): Promise<Report> {
  const whole = await measure(say);
  const measured: Report[] = [];
  for (const each of Object.values(own)) measured.push(await each(say));
  return measured.length === 0 ? whole : { ...whole, sections: measured };
}

/** The rest stays as it was measured last. */
async function measurePart(measure: Measure): Promise<Report> {
  const section = await measure(say);
  const kept = JSON.parse(readFileSync(path.join(results, `${asked}.json`), "utf8")) as Report;
  const others = (kept.sections ?? []).filter(({ name }) => name !== section.name);
  return { ...kept, sections: [...others, section] };
}

function say(line: string): void {
  console.error(line);
}
