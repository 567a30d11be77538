import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import pg from "pg";
import type { EmbeddedPostgres } from "../../src/adapters/embedded-postgres/embedded-postgres.ts";
import { measureLongRun, type LongRun } from "./long-runs.ts";
import type { FlowName } from "./orders.ts";
import { findPort, type RestateServer } from "./restate-server.ts";
import { startWorker, type Worker } from "./worker.ts";

export interface Contestant {
  readonly name: string;
  /** What a step is here, for a reader of the table. */
  readonly step: string;
  readonly flow: FlowName;
  /** Waits, signals and crashes are the same for both kinds of our steps, and are measured once. */
  readonly measures: "all" | "steps";
  readonly serverPid: number;
  /** Another worker of it may carry on what the first one began. */
  readonly takesOver: boolean;
  /** `isBeside`: while another worker of it is there. */
  start(isBeside?: boolean): Promise<Worker>;
  /** One very long run, carried on again and again; absent: not measured of it. */
  long?(): Promise<LongRun>;
}

export async function toContestants(
  postgres: EmbeddedPostgres,
  restate: RestateServer,
  directory: string,
): Promise<readonly Contestant[]> {
  const [ours, governed, theirs] = [
    await createDatabase(postgres, "countersign_runs"),
    await createDatabase(postgres, "governed_runs"),
    await createDatabase(postgres, "dbos_runs"),
  ];
  const port = await findPort();
  const onPostgres = { serverPid: postgres.pid, port: 0 };
  const onRestate = { serverPid: restate.pid, port, urls: [restate.admin, restate.ingress] };
  const root = path.resolve(import.meta.dirname, "../..");
  const { version } = readPackage(path.join(root, "package.json"));
  const countersign = {
    serverPid: postgres.pid,
    takesOver: true,
    start: (isBeside = false) =>
      startWorker("countersign.ts", { ...onPostgres, urls: [ours], isBeside }),
  };
  const [dbos, server] = ["@dbos-inc/dbos-sdk", "@restatedev/restate-server"].map(toVersion);
  return [
    {
      ...countersign,
      name: `Countersign ${version}, recorded once`,
      step: "a call through a plain gate, its result sealed, recorded with one commit when it has ended",
      flow: "once",
      measures: "all",
      long: () => measureLongRun(ours),
    },
    {
      ...countersign,
      name: `Countersign ${version}, intent and outcome`,
      step: "the same with an effect: key, intent and event in one commit before it, outcome and event in one commit after it",
      flow: "effect",
      measures: "steps",
    },
    {
      ...countersign,
      name: `Countersign ${version}, governed`,
      step: "the same through the real gate to a real server: an MCP tool over HTTP on loopback, in a process of its own; identity of the run, pin, arguments, labels, the starter rules (without the question to a person) and the bundle's, limits, freezes, intent, call, outcome, receipts; the ledger is written beside by the same process",
      flow: "gated",
      measures: "steps",
      start: () => startWorker("governed.ts", { ...onPostgres, urls: [governed, directory] }),
    },
    {
      name: `DBOS ${dbos}`,
      step: "`DBOS.runStep`, recorded when it has ended",
      flow: "once",
      measures: "all",
      serverPid: postgres.pid,
      takesOver: false,
      start: () => startWorker("dbos.ts", { ...onPostgres, urls: [theirs] }),
    },
    {
      name: `Restate ${server}`,
      step: "`ctx.run`, recorded when it has ended",
      flow: "once",
      measures: "all",
      serverPid: restate.pid,
      takesOver: false,
      start: () => startWorker("restate.ts", onRestate),
    },
  ];
}

function toVersion(name: string): string {
  return readPackage(path.join(import.meta.dirname, "node_modules", name, "package.json")).version;
}

function readPackage(file: string): { readonly version: string } {
  return JSON.parse(readFileSync(file, "utf8")) as { version: string };
}

async function createDatabase(postgres: EmbeddedPostgres, name: string): Promise<string> {
  const client = new pg.Client({ connectionString: postgres.url });
  await client.connect();
  await client.query(`create database ${name}`);
  await client.end();
  const url = new URL(postgres.url);
  url.pathname = `/${name}`;
  return url.toString();
}

/** Of a process and its children, in MiB: pages that several of them share count once. */
export function readTreeMib(pid: number): number {
  const mine = readdirSync("/proc").filter((name) => /^\d+$/.test(name) && isOf(name, pid));
  return mine.reduce((sum, name) => sum + readPssKib(name), 0) / 1_024;
}

function isOf(name: string, pid: number): boolean {
  if (Number(name) === pid) return true;
  const stat = read(`/proc/${name}/stat`);
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]) === pid;
}

function readPssKib(name: string): number {
  return Number(/^Pss:\s+(\d+)/m.exec(read(`/proc/${name}/smaps_rollup`))?.[1] ?? 0);
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    // It ended while we looked.
    return "";
  }
}
