import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startEmbeddedPostgres } from "../src/adapters/embedded-postgres/embedded-postgres.ts";
import { systemClock as clock } from "../src/adapters/system/system-clock.ts";
import { systemRandom as random } from "../src/adapters/system/system-random.ts";
import type { Progress } from "./main.ts";
import { readMachine, type Report } from "./report.ts";
import { toContestants, type Contestant } from "./runs/contestants.ts";
import { longRunEvents, type LongRun, type Resuming } from "./runs/long-runs.ts";
import {
  atOnce,
  measureParked,
  measureResume,
  measureRound,
  parkedRuns,
  type Parked,
  type Resumed,
  type Round,
} from "./runs/measures.ts";
import { startRestateServer } from "./runs/restate-server.ts";

const rounds = 3;
/** Between rounds others may have the machine. */
const pauseMs = 2_000;
const programs = path.join(import.meta.dirname, "runs");

const notes = [
  "Every workflow has twenty steps, one after the other, each of which brings back about 130 characters; of ours a model that answers at once, in the same process, asks for twenty calls and ends.",
  "Nothing is behind a step, but where it is governed: what is measured is what it costs to make it durable. The plain gate is no gate: it has no policy, no catalog and no server, and keeps of the real one what a run relies on. What a governed step costs, beside the others, is what the real gate does, and a request to a server.",
  "At 1 there are 30 workflows, at 50 there are 150, at 200 there are 400, after others to warm up; a contestant that is slow begins none after 3 s. Starts and ends of the workflows are in the steps per second, for all of them: a workflow is started, carried out and its end waited for, by the worker's own process. Ours are started through the desk, which wakes them through the queue.",
  "CPU per step is that of the worker's process, in which the workflows are started, too, and that of its server: Postgres, or restate-server.",
  "Restate keeps its log by itself, with its default settings but one: what waits is put away after 1 s, not after a minute. DBOS and Countersign are on one Postgres with default settings, each in a database of its own; only one contestant runs at a time.",
  "Wake: from the call that signals until the workflow does its next thing. Ours has noted the signal, and asks the model again.",
  "Resume: the worker is killed with SIGKILL in the middle of a workflow whose steps take 20 ms, and started again at once; the time is from when it says that it is ready to the next step. Taken over: by a worker that was there before. Measured once, as is what waits. A dash: there is no such thing, or it was not done in three minutes.",
  `${parkedRuns} waiting: what the worker (after a garbage collection) and the server hold more than with 1,000 of them and after a few thousand workflows, in MiB; shared pages count once. CPU while they wait is over 10 s, less what it was with 1,000.`,
  `Resume of a run of ${longRunEvents} events: 20 calls, each with a result of its own, to an answer of the model; the worker dies in the middle of a step, and a fresh process goes on. From the claim of the run to when its next step is durable: a call of the turn that it was in, or an answer of the model, before which all that it was ever shown is read. Medians of seven each, the last snapshot some 450 events back.`,
  "restate-server looks once for a newer release of itself at its start, which no setting keeps it from; all else is on loopback, and telemetry is switched off.",
];

/** The same workflow, on ours and on two durable runtimes that npm has, one after the other. */
export async function measureRuns(progress: Progress): Promise<Report> {
  const machine = readMachine();
  installRuntimes(progress);
  const directory = mkdtempSync(path.join(tmpdir(), "cs-runs-"));
  const dataDir = path.join(directory, "pg");
  const postgres = await startEmbeddedPostgres({ dataDir, clock, random, log: () => {} });
  const endEarly = endWhenTold(postgres.pid);
  try {
    const restate = await startRestateServer(directory);
    try {
      const contestants = await toContestants(postgres, restate, directory);
      const columns = await measureAll(contestants, progress);
      return {
        name: "Durable runs",
        about: `The same workflow of twenty steps; medians of ${rounds} rounds, the contestants in turn.`,
        machine,
        rows: toRows(columns),
        notes: [...contestants.map(({ name, step }) => `A step of ${name}: ${step}.`), ...notes],
      };
    } finally {
      await restate.stop();
    }
  } finally {
    endEarly.forget();
    await postgres.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Whoever ends the benchmark ends what it started: workers and restate-server end at the exit. */
function endWhenTold(postmaster: number): { forget(): void } {
  const end = (): void => {
    process.kill(postmaster, "SIGINT");
    process.exit(130);
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, end);
  return {
    forget() {
      for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, end);
    },
  };
}

interface Column {
  readonly contestant: Contestant;
  readonly rounds: Round[];
  readonly resumed: Resumed[];
  parked: Parked | null;
  long: LongRun | null;
}

async function measureAll(
  contestants: readonly Contestant[],
  progress: Progress,
): Promise<readonly Column[]> {
  const columns = contestants.map((contestant): Column => ({
    contestant,
    rounds: [],
    resumed: [],
    parked: null,
    long: null,
  }));
  const whole = columns.filter(({ contestant }) => contestant.measures === "all");
  const tell = (column: Column, what: unknown): void =>
    progress(`${column.contestant.name}: ${JSON.stringify(what)}`);
  for (let round = 0; round < rounds; round += 1) {
    for (const column of columns) {
      const measured = await measureRound(column.contestant);
      column.rounds.push(measured);
      tell(column, { ...measured, flows: [...measured.flows] });
    }
    await sleep(pauseMs);
  }
  for (const column of whole) {
    column.resumed.push(await measureResume(column.contestant));
    tell(column, column.resumed);
    column.parked = await measureParked(column.contestant).catch((error: unknown) => {
      tell(column, String(error));
      return null;
    });
    tell(column, column.parked);
    column.long = (await column.contestant.long?.()) ?? null;
    tell(column, column.long);
  }
  return columns;
}

interface Row {
  readonly measured: string;
  readonly target: string;
  readonly of: (column: Column) => number | null;
  readonly digits: number;
}

function toRows(columns: readonly Column[]): Report["rows"] {
  return toMeasured().map(({ measured, target, of, digits }) => ({
    measured,
    ...Object.fromEntries(
      columns.map((column) => [column.contestant.name, toCell(of(column), digits)]),
    ),
    target,
  }));
}

function toCell(value: number | null, digits: number): string {
  if (value === null) return "–";
  return Number.isFinite(value) ? value.toFixed(digits) : "none";
}

function toMeasured(): readonly Row[] {
  const at =
    (count: number): Of =>
    (column, pick) =>
      toMedian(column.rounds.map((round) => pick(round.flows.get(count)!)));
  const first = at(1);
  const many = atOnce.slice(1).flatMap((count): readonly Row[] => {
    const targets = count === 200 ? "≥ 15000, and ≥ 2 × Restate" : "";
    const of = at(count);
    return [
      {
        measured: `steps/s, ${count} workflows at once`,
        target: targets,
        of: (column) => of(column, ({ steps, seconds }) => steps / seconds),
        digits: 0,
      },
      ...toCpuRows(count, of),
    ];
  });
  return [
    {
      measured: "step, p50 ms, one workflow",
      target: "≤ 0.6 recorded once, ≤ 1.0 intent and outcome",
      of: (column) => first(column, ({ gapMs }) => gapMs.p50),
      digits: 2,
    },
    {
      measured: "workflow, p50 ms, one workflow",
      target: "",
      of: (column) => first(column, ({ workflowMs }) => workflowMs.p50),
      digits: 1,
    },
    ...toCpuRows(1, first),
    ...many,
    ...toWakeRows(),
    ...toParkedRows(),
    ...toLongRows(),
  ];
}

type Pick = (flows: NonNullable<ReturnType<Round["flows"]["get"]>>) => number;
type Of = (column: Column, pick: Pick) => number;

function toCpuRows(count: number, of: Of): readonly Row[] {
  return [
    {
      measured: `CPU per step at ${count}, worker, µs`,
      target: "",
      of: (column) => of(column, ({ ownMicros, steps }) => ownMicros / steps),
      digits: 0,
    },
    {
      measured: `CPU per step at ${count}, server, µs`,
      target: "",
      of: (column) => of(column, ({ serverMicros, steps }) => serverMicros / steps),
      digits: 0,
    },
  ];
}

function toWakeRows(): readonly Row[] {
  const wake = (which: "idle" | "busy") => (column: Column) =>
    toMedianOf(column.rounds.map((round) => round[which]?.wakeMs.p50 ?? null));
  const resumed = (which: keyof Resumed) => (column: Column) =>
    toMedianOf(column.resumed.map((each) => each[which]));
  return [
    { measured: "wake by a signal, p50 ms, idle", target: "≤ 4", of: wake("idle"), digits: 1 },
    {
      measured: "wake by a signal, p50 ms, beside 200 busy ones",
      target: "≤ 10",
      of: wake("busy"),
      digits: 1,
    },
    {
      measured: "resume after SIGKILL, ms after it is back",
      target: "≤ 1000",
      of: resumed("afterReadyMs"),
      digits: 0,
    },
    {
      measured: "resume, ms from its start on",
      target: "",
      of: resumed("afterStartMs"),
      digits: 0,
    },
    {
      measured: "taken over by another worker, ms",
      target: "≤ 20000",
      of: resumed("takeOverMs"),
      digits: 0,
    },
  ];
}

function toParkedRows(): readonly Row[] {
  const of = (pick: (parked: Parked) => number) => (column: Column) =>
    column.parked === null ? null : pick(column.parked);
  return [
    {
      measured: `${parkedRuns} waiting, worker, MiB more`,
      target: "≤ 20 in all",
      of: of(({ workerMib }) => workerMib),
      digits: 1,
    },
    {
      measured: `${parkedRuns} waiting, server, MiB more`,
      target: "",
      of: of(({ serverMib }) => serverMib),
      digits: 1,
    },
    {
      measured: "CPU while they wait, worker, ms a second",
      target: "none",
      of: of(({ workerCpu, workerCpuBefore }) => workerCpu - workerCpuBefore),
      digits: 1,
    },
    {
      measured: "CPU while they wait, server, ms a second",
      target: "none",
      of: of(({ serverCpu, serverCpuBefore }) => serverCpu - serverCpuBefore),
      digits: 1,
    },
  ];
}

function toLongRows(): readonly Row[] {
  const rows = (which: "calls" | "answers", what: string): readonly Row[] => {
    const of = (pick: keyof Resuming) => (column: Column) =>
      column.long === null ? null : toMedian(column.long[which].map((each) => each[pick]));
    const measured = `resume of a run of ${longRunEvents} events, to ${what}`;
    return [
      { measured: `${measured}, ms`, target: "≤ 1000", of: of("tookMs"), digits: 0 },
      { measured: `${measured}, CPU of the worker, ms`, target: "", of: of("cpuMs"), digits: 0 },
    ];
  };
  return [...rows("calls", "a call"), ...rows("answers", "an answer")];
}

function toMedianOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : toMedian(known);
}

function toMedian(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)]!;
}

/** The runtimes are no dependencies of the product: they have a lock file of their own. */
function installRuntimes(progress: Progress): void {
  const [wanted, had] = ["package-lock.json", "node_modules/.package-lock.json"].map((file) =>
    statSync(path.join(programs, file), { throwIfNoEntry: false }),
  );
  // npm writes the second one last, and removes it first.
  if (had !== undefined && wanted !== undefined && had.mtimeMs >= wanted.mtimeMs) return;
  progress("npm ci --ignore-scripts, for the runtimes that are measured beside: some 230 MB");
  execFileSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
    cwd: programs,
    env: { ...process.env, DO_NOT_TRACK: "1", SCARF_ANALYTICS: "false" },
    stdio: ["ignore", 2, 2],
  });
}
