import { createInMemoryFreezes } from "./in-memory-freezes.ts";
import { createInMemorySpendings } from "./in-memory-spendings.ts";
import { createInMemoryLabels } from "./in-memory-labels.ts";
import { createInMemoryLetters } from "./in-memory-letters.ts";
import { Fault, type TenantId } from "../model/index.ts";
import type { Clock } from "./clock.ts";
import { InMemoryApprovals } from "./in-memory-approvals.ts";
import { InMemoryCalls } from "./in-memory-calls.ts";
import { InMemoryCosts } from "./in-memory-costs.ts";
import { createInMemoryDeliveries } from "./in-memory-deliveries.ts";
import {
  createInMemoryBlobs,
  createInMemoryPins,
  createInMemoryRevisions,
} from "./in-memory-rows.ts";
import { toSortedWakes } from "./in-memory-inbox.ts";
import { InMemoryLog, toNextCursor, type EntrySource } from "./in-memory-log.ts";
import { createInMemoryMemory } from "./in-memory-memory.ts";
import { createInMemoryPasskeys } from "./in-memory-passkeys.ts";
import { createInMemoryReplicas } from "./in-memory-replicas.ts";
import { createInMemorySecretRows } from "./in-memory-secret-rows.ts";
import { InMemoryRunBudgets } from "./in-memory-run-budgets.ts";
import { InMemoryRuns, type EnlistInMemory } from "./in-memory-runs.ts";
import { requireId } from "./storable.ts";
import { requireStorableUnit } from "./storable-unit.ts";
import { storeLimits } from "./store-limits.ts";
import { createInMemoryTouches } from "./in-memory-touches.ts";
import { createInMemoryTraces } from "./in-memory-traces.ts";
import { createInMemoryWorkspaces } from "./in-memory-workspaces.ts";
import type { Entries, EntryRow, StoredEntry } from "./entry-rows.ts";
import type { WakeNow } from "./run-rows.ts";
import type { CommitOutcome, CommitUnit, Store } from "./store.ts";

export interface InMemoryStoreOptions {
  /** Not read: the port takes every time as an argument. Accepted as the other twins take one. */
  readonly clock?: Clock;
  /** Makes wakes part of the commit: it takes all of them, or throws and nothing is written. */
  readonly enlist?: EnlistInMemory;
}

/** The store's twin for tests and simulations: the same answers, nothing kept. */
export function createInMemoryStore(options: InMemoryStoreOptions = {}): Store {
  const enlist = options.enlist ?? refuseWakes;
  const entries = createInMemoryEntries();
  const calls = new InMemoryCalls();
  const { runs, approvals, ...ofRuns } = createRunTables(enlist, entries);
  let closed = false;

  function commit(unit: CommitUnit): CommitOutcome {
    requireStorableUnit(unit);
    if (closed) throw new Fault("draining", "The store is closed");
    const { append, consume, wakes = [], letters = [] } = unit;
    // Everything that may refuse comes first: what follows cannot stop half-way.
    const fence = append === undefined ? null : runs.toFence(append);
    if (fence !== null) return fence;
    const refusal = consume === undefined ? null : approvals.toRefusal(consume);
    if (refusal !== null) return { kind: "unconsumable", reason: refusal };
    const missing = entries.toMissing(unit.entries ?? []);
    if (calls.isTaken(missing)) return { kind: "key_taken" };
    const late = calls.listLate(missing);
    const repeats = missing.some(({ opens }) => (opens?.key ?? null)?.repeats !== undefined);
    if (repeats && late.length > 0) return { kind: "key_taken" };
    const written = missing.filter((entry) => !late.includes(entry));
    const undo = [entries.add(written), calls.write(written)];
    if (consume !== undefined) undo.push(approvals.consume(consume));
    if (append !== undefined) undo.push(runs.append(append));
    const delivery = runs.put(letters);
    undo.push(delivery.undo);
    // Last, so that whoever wakes at once sees what woke it.
    enlistOrUndo([...wakes, ...delivery.wakes], () => undo.toReversed().forEach((step) => step()));
    const head = append === undefined ? null : append.head + append.events.length;
    if (late.length === 0) return { kind: "committed", head };
    return { kind: "committed", head, late: late.map(({ id }) => id) };
  }

  function enlistOrUndo(wakes: readonly WakeNow[], undo: () => void): void {
    if (wakes.length === 0) return;
    try {
      enlist(toSortedWakes(wakes));
    } catch (error) {
      undo();
      throw error;
    }
  }

  return {
    runs,
    ...ofRuns,
    entries,
    approvals,
    calls,
    ...createTables(entries),
    commit: async (unit) => commit(unit),
    async close() {
      closed = true;
    },
  };
}

/** Runs, and what tells them something. */
function createRunTables(enlist: EnlistInMemory, entries: InMemoryEntries) {
  const runBudgets = new InMemoryRunBudgets();
  const costs = new InMemoryCosts();
  const runs = new InMemoryRuns(enlist, costs, (run) => {
    runBudgets.remove(run);
    workspaces.removeOf(run);
  });
  const workspaces = createInMemoryWorkspaces(async (run) => (await runs.get(run))?.tenant ?? null);
  const approvals = new InMemoryApprovals({
    write: (entry) => entries.add(entries.toMissing([entry])),
    tell: (letters) => runs.tell(letters),
  });
  const traces = createInMemoryTraces(() => runs.listTraced());
  return { runs, runBudgets, approvals, workspaces, traces, costs };
}

/** What stands in no unit with others. */
function createTables(entries: InMemoryEntries) {
  return {
    blobs: createInMemoryBlobs(),
    revisions: createInMemoryRevisions(),
    pins: createInMemoryPins(),
    letters: createInMemoryLetters(),
    memory: createInMemoryMemory(),
    secrets: createInMemorySecretRows(),
    passkeys: createInMemoryPasskeys(),
    deliveries: createInMemoryDeliveries(),
    log: new InMemoryLog(entries),
    replicas: createInMemoryReplicas((rows) => void entries.add(entries.toMissing(rows))),
    labels: createInMemoryLabels(),
    freezes: createInMemoryFreezes(),
    spendings: createInMemorySpendings(),
    touches: createInMemoryTouches(),
  };
}

function refuseWakes(): never {
  throw new Error("A unit wakes runs, and the store was opened without an engine that wakes");
}

interface InMemoryEntries extends Entries, EntrySource {
  /** Those that are not durable yet; an id that holds other bytes is refused. */
  toMissing(rows: readonly EntryRow[]): readonly EntryRow[];
  /** Returns what takes them out again. */
  add(rows: readonly EntryRow[]): () => void;
}

function createInMemoryEntries(): InMemoryEntries {
  const rows = new Map<string, StoredEntry>();
  const list = (tenant: TenantId): readonly StoredEntry[] =>
    [...rows.values()]
      .filter((row) => row.tenant === tenant)
      .toSorted((one, other) => (one.cursor < other.cursor ? -1 : 1));
  const toKey = ({ tenant, id }: Pick<EntryRow, "tenant" | "id">): string => `${tenant} ${id}`;
  return {
    toMissing(asked) {
      return asked.filter((row) => {
        const found = rows.get(toKey(row));
        if (found === undefined) return true;
        if (Buffer.compare(found.bytes, row.bytes) === 0) return false;
        throw new Fault("payload_invalid", `entry ${row.id} is durable with other bytes`);
      });
    },
    add(missing) {
      for (const row of missing) {
        const cursor = toNextCursor(rows.size);
        rows.set(toKey(row), { ...row, bytes: row.bytes.slice(), cursor });
      }
      return () => missing.forEach((row) => rows.delete(toKey(row)));
    },
    async get(tenant, id) {
      requireId("id", id);
      const row = rows.get(toKey({ tenant, id }));
      return row === undefined ? null : { id, tenant, bytes: row.bytes };
    },
    async page(tenant, { after, limit }) {
      return list(tenant)
        .filter((row) => row.cursor > after)
        .slice(0, Math.min(limit, storeLimits.rowsPerPage));
    },
    list,
    tenants: () => [...new Set([...rows.values()].map(({ tenant }) => tenant))].toSorted(),
    insert(row, cursor) {
      rows.set(toKey(row), { ...row, bytes: row.bytes.slice(), cursor });
    },
  };
}
