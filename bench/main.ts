import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { measureApprovals } from "./approvals.ts";
import { measureDesk } from "./desk.ts";
import { measureGate } from "./gate.ts";
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
const benchmarks: Readonly<Record<string, (progress: Progress) => Promise<Report>>> = {
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

export type Progress = (line: string) => void;

const names = Object.keys(benchmarks);
const args = process.argv.slice(2);
const asked = args.find((arg) => !arg.startsWith("-"));
const benchmark = asked === undefined ? undefined : benchmarks[asked];

if (asked === undefined || benchmark === undefined) {
  console.error(`usage: npm run bench -- <${names.join("|")}> [--json]`);
  process.exit(2);
}

const report = await benchmark((line) => console.error(line));
const results = path.join(import.meta.dirname, "results");
mkdirSync(results, { recursive: true });
writeFileSync(path.join(results, `${asked}.json`), `${JSON.stringify(report, null, 2)}\n`);
writeFileSync(path.join(results, `${asked}.md`), toMarkdown(report));
console.log(args.includes("--json") ? JSON.stringify(report) : toMarkdown(report));
