import type { RunId } from "../model/index.ts";
import { requireId, requireStorableDraft, requireWhole } from "./storable.ts";
import { storeLimits } from "./store-limits.ts";
import type {
  Append,
  CommitOutcome,
  RunDraft,
  RunHead,
  Runs,
  StoredEvent,
  WakeNow,
} from "./store.ts";

/** Takes all of the wakes or throws: like the transaction that it stands for. */
export type EnlistInMemory = (wakes: readonly WakeNow[]) => void;

interface Log {
  head: RunHead;
  readonly events: Uint8Array[];
}

export class InMemoryRuns implements Runs {
  readonly #logs = new Map<RunId, Log>();
  readonly #enlist: EnlistInMemory;

  constructor(enlist: EnlistInMemory) {
    this.#enlist = enlist;
  }

  /** Why the append may not be made, or `null`. */
  toFence({ run, epoch, head }: Append): Extract<CommitOutcome, { kind: "fenced" }> | null {
    const now = this.#logs.get(run)?.head;
    if (now === undefined) return { kind: "fenced", reason: "missing" };
    if (now.ended) return { kind: "fenced", reason: "ended" };
    if (now.epoch !== epoch) return { kind: "fenced", reason: "epoch" };
    return now.head === head ? null : { kind: "fenced", reason: "head" };
  }

  /** Makes an append that no fence holds back, and returns what takes it back. */
  append({ run, head, events, wakeAtMs, ended = false }: Append): () => void {
    const log = this.#logs.get(run)!;
    const before = log.head;
    log.events.push(...events.map((event) => event.slice()));
    const wake = ended ? { wakeAtMs: null } : wakeAtMs === undefined ? {} : { wakeAtMs };
    change(log, { ...wake, ended, head: head + events.length });
    return () => {
      log.events.length = head;
      log.head = before;
    };
  }

  async create(draft: RunDraft): Promise<"created" | "exists"> {
    requireStorableDraft(draft);
    if (this.#logs.has(draft.run)) return "exists";
    const { run, tenant, priority = 0, events, wakeAtMs = null } = draft;
    this.#logs.set(run, {
      head: { run, tenant, epoch: 0, head: events.length, priority, wakeAtMs, ended: false },
      events: events.map((event) => event.slice()),
    });
    if (draft.wake === true) {
      this.#enlistOrUndo([{ run, tenant, priority }], () => this.#logs.delete(run));
    }
    return "created";
  }

  async get(run: RunId): Promise<RunHead | null> {
    requireId("run", run);
    return this.#logs.get(run)?.head ?? null;
  }

  async take(run: RunId): Promise<RunHead | null> {
    requireId("run", run);
    const log = this.#logs.get(run);
    if (log === undefined) return null;
    return log.head.ended ? log.head : change(log, { epoch: log.head.epoch + 1 });
  }

  async read(run: RunId, page: { after: number; limit: number }): Promise<readonly StoredEvent[]> {
    requireId("run", run);
    const events = this.#logs.get(run)?.events ?? [];
    const from = Math.max(0, page.after);
    return events
      .slice(from, from + Math.min(page.limit, storeLimits.rowsPerPage))
      .map((payload, index) => ({ run, seq: from + index + 1, payload }));
  }

  async setTimer(run: RunId, atMs: number, { replace = false } = {}): Promise<boolean> {
    requireId("run", run);
    requireWhole("atMs", atMs);
    const log = this.#logs.get(run);
    if (log === undefined || log.head.ended) return false;
    const { wakeAtMs } = log.head;
    if (!replace && wakeAtMs !== null && wakeAtMs < atMs) return false;
    change(log, { wakeAtMs: atMs });
    return true;
  }

  async wakeDue(nowMs: number, limit: number): ReturnType<Runs["wakeDue"]> {
    const due = toTimed(this.#logs)
      .filter((log) => log.head.wakeAtMs! <= nowMs)
      .slice(0, Math.min(limit, storeLimits.wakesPerUnit));
    const before = due.map((log) => log.head);
    for (const log of due) change(log, { wakeAtMs: null });
    const wakes = before.map(({ run, tenant, priority }) => ({ run, tenant, priority }));
    if (wakes.length > 0) {
      this.#enlistOrUndo(
        wakes.toSorted((a, b) => (a.run < b.run ? -1 : 1)),
        () => due.forEach((log, index) => change(log, before[index]!)),
      );
    }
    return { woken: due.length, nextAtMs: toTimed(this.#logs)[0]?.head.wakeAtMs ?? null };
  }

  #enlistOrUndo(wakes: readonly WakeNow[], undo: () => void): void {
    try {
      this.#enlist(wakes);
    } catch (error) {
      undo();
      throw error;
    }
  }
}

function change(log: Log, changes: Partial<RunHead>): RunHead {
  log.head = Object.freeze({ ...log.head, ...changes });
  return log.head;
}

function toTimed(logs: ReadonlyMap<RunId, Log>): Log[] {
  return [...logs.values()]
    .filter((log) => log.head.wakeAtMs !== null)
    .toSorted((a, b) => a.head.wakeAtMs! - b.head.wakeAtMs!);
}
