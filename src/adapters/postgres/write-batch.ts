import { Fault } from "../../model/index.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Random } from "../../ports/random.ts";
import type { Telemetry } from "../../ports/telemetry.ts";
import type { Waiting } from "./append-queue.ts";
import { executeBatch, type Executor } from "./append-statement.ts";
import { toCommitted } from "./committed.ts";
import { toBackoffMs } from "./backoff.ts";
import type { Lane } from "./lane.ts";
import { readFences, readLandedAppends, readMissingEntries } from "./landed.ts";
import { toFault, toSqlState, toTrouble, readOnly, uniqueViolation } from "./to-fault.ts";

export interface BatchWork {
  readonly lane: Lane;
  readonly batch: readonly Waiting[];
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
  /** Called at each attempt to reach Postgres again: others wait as well. */
  readonly onOutage: (cause: unknown) => void;
}

/** Deadlocks are found by Postgres after a second; a batch that meets this many is given up. */
const conflictLimit = 5;

/** Every unit of the batch is settled or failed when this resolves; it never rejects. */
export async function writeBatch(work: BatchWork): Promise<void> {
  const open = new Set(work.batch);
  let outages = 0;
  let conflicts = 0;
  let told: unknown = null;
  while (open.size > 0) {
    try {
      await attempt(await work.lane.connected(), open);
    } catch (error) {
      const trouble = toTrouble(error);
      work.telemetry.count("store_batch_trouble", { trouble });
      if (trouble === "lost") {
        // A full disk ends Postgres; that nobody answers afterwards says less.
        told = isDiskFault(told) ? told : error;
        await waitOut(work, { open, error: told, outages: outages++ });
      } else if (trouble === "spoilt" && open.size > 1) {
        await split(work, open);
      } else if (trouble === "spoilt" && toSqlState(error) === uniqueViolation) {
        await dropDurable(work, open);
      } else if (trouble !== "conflict" || ++conflicts > conflictLimit) {
        // A server that became a stand-by stays one for its sessions: the next batch looks anew.
        if (toSqlState(error) === readOnly) work.lane.drop();
        failAll(open, toFault(error));
      }
    }
  }
}

async function attempt(executor: Executor, open: Set<Waiting>): Promise<void> {
  await settleLanded(executor, open);
  if (open.size === 0) return;
  const { winners, late, keyless } = await executeBatch(executor, [...open]);
  for (const unit of winners) commit(open, unit, late);
  for (const unit of keyless) {
    open.delete(unit);
    unit.settle({ kind: "key_taken" });
  }
  const losers = [...open];
  if (losers.length === 0) return;
  // A lost connection's own statement may have finished between the look and the retry.
  await settleLanded(executor, open);
  const fenced = losers.filter((unit) => open.has(unit));
  const outcomes = await readFences(
    executor,
    fenced.map((unit) => unit.append!),
  );
  for (const [index, unit] of fenced.entries()) {
    open.delete(unit);
    unit.settle(outcomes[index]!);
  }
}

/** Settles those units of a lost connection that are in the log or the ledger after all. */
async function settleLanded(executor: Executor, open: Set<Waiting>): Promise<void> {
  const uncertain = [...open].filter((unit) => unit.uncertain);
  if (uncertain.length === 0) return;
  const appends = uncertain.flatMap((unit) =>
    unit.append === undefined ? [] : [{ unit, append: unit.append, token: unit.token }],
  );
  const landed = await readLandedAppends(executor, appends);
  for (const [index, { unit }] of appends.entries()) {
    if (landed[index] === true) commit(open, unit);
  }
  const alone = uncertain.filter((unit) => unit.append === undefined);
  for (const unit of alone) {
    try {
      unit.entries = await readMissingEntries(executor, unit.entries);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      open.delete(unit);
      unit.fail(error);
      continue;
    }
    if (unit.entries.length === 0) commit(open, unit);
  }
}

function commit(open: Set<Waiting>, unit: Waiting, late?: ReadonlySet<string>): void {
  open.delete(unit);
  unit.settle(toCommitted(unit, late));
}

/** One bad payload fails alone: the halves are written apart until it is by itself. */
async function split(work: BatchWork, open: Set<Waiting>): Promise<void> {
  const units = [...open];
  open.clear();
  const middle = Math.ceil(units.length / 2);
  await writeBatch({ ...work, batch: units.slice(0, middle) });
  await writeBatch({ ...work, batch: units.slice(middle) });
}

/** A unit met an entry that is durable already: the same bytes are fine and need no second row. */
async function dropDurable(work: BatchWork, open: Set<Waiting>): Promise<void> {
  const [unit] = open;
  if (unit === undefined) return;
  try {
    const missing = await readMissingEntries(await work.lane.connected(), unit.entries);
    if (missing.length === unit.entries.length) {
      failAll(open, new Fault("internal", "A row is there twice that is not an entry"));
      return;
    }
    unit.entries = missing;
    if (missing.length === 0 && unit.append === undefined) commit(open, unit);
  } catch (error) {
    if (toTrouble(error) === "lost") await waitOut(work, { open, error, outages: 0 });
    else failAll(open, toFault(error));
  }
}

interface Outage {
  readonly open: Set<Waiting>;
  readonly error: unknown;
  readonly outages: number;
}

async function waitOut(work: BatchWork, { open, error, outages }: Outage): Promise<void> {
  const { clock, random, lane } = work;
  lane.drop();
  const nowMs = clock.monotonicMs();
  for (const unit of open) {
    unit.uncertain = true;
    if (unit.deadlineMs > nowMs) continue;
    open.delete(unit);
    unit.fail(toFault(error));
  }
  work.onOutage(error);
  if (outages === 0)
    work.telemetry.log("warn", "Lost a connection to Postgres", { error: String(error) });
  if (open.size > 0) await clock.sleep(toBackoffMs(outages, random));
}

function isDiskFault(error: unknown): boolean {
  const fault = toFault(error);
  return fault instanceof Fault && fault.code === "store_full";
}

function failAll(open: Set<Waiting>, error: unknown): void {
  for (const unit of open) unit.fail(error);
  open.clear();
}
