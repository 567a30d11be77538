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

export interface InMemoryRuns extends Runs {
  /** Why the append may not be made, or `null`. */
  toFence(append: Append): Extract<CommitOutcome, { kind: "fenced" }> | null;
  /** Makes an append that no fence holds back, and returns what takes it back. */
  append(append: Append): () => void;
}

interface Log {
  head: RunHead;
  readonly events: Uint8Array[];
}

export function createInMemoryRuns(enlist: EnlistInMemory): InMemoryRuns {
  const logs = new Map<RunId, Log>();

  function change(log: Log, changes: Partial<RunHead>): RunHead {
    log.head = Object.freeze({ ...log.head, ...changes });
    return log.head;
  }

  function enlistOrUndo(wakes: readonly WakeNow[], undo: () => void): void {
    try {
      enlist(wakes);
    } catch (error) {
      undo();
      throw error;
    }
  }

  function toFence({ run, epoch, head }: Append): ReturnType<InMemoryRuns["toFence"]> {
    const now = logs.get(run)?.head;
    if (now === undefined) return { kind: "fenced", reason: "missing" };
    if (now.ended) return { kind: "fenced", reason: "ended" };
    if (now.epoch !== epoch) return { kind: "fenced", reason: "epoch" };
    return now.head === head ? null : { kind: "fenced", reason: "head" };
  }

  function append({ run, head, events, wakeAtMs, ended = false }: Append): () => void {
    const log = logs.get(run)!;
    const before = log.head;
    log.events.push(...events.map((event) => event.slice()));
    const wake = ended ? { wakeAtMs: null } : wakeAtMs === undefined ? {} : { wakeAtMs };
    change(log, { ...wake, ended, head: head + events.length });
    return () => {
      log.events.length = head;
      log.head = before;
    };
  }

  function create(draft: RunDraft): "created" | "exists" {
    requireStorableDraft(draft);
    if (logs.has(draft.run)) return "exists";
    const { run, tenant, priority = 0, events, wakeAtMs = null } = draft;
    logs.set(run, {
      head: { run, tenant, epoch: 0, head: events.length, priority, wakeAtMs, ended: false },
      events: events.map((event) => event.slice()),
    });
    if (draft.wake === true) enlistOrUndo([{ run, tenant, priority }], () => logs.delete(run));
    return "created";
  }

  function setTimer(run: RunId, atMs: number, replace: boolean): boolean {
    requireId("run", run);
    requireWhole("atMs", atMs);
    const log = logs.get(run);
    if (log === undefined || log.head.ended) return false;
    const { wakeAtMs } = log.head;
    if (!replace && wakeAtMs !== null && wakeAtMs < atMs) return false;
    change(log, { wakeAtMs: atMs });
    return true;
  }

  function wakeDue(nowMs: number, limit: number): { woken: number; nextAtMs: number | null } {
    const due = toTimed(logs)
      .filter((log) => log.head.wakeAtMs! <= nowMs)
      .slice(0, Math.min(limit, storeLimits.wakesPerUnit));
    const before = due.map((log) => log.head);
    for (const log of due) change(log, { wakeAtMs: null });
    const wakes = before.map(({ run, tenant, priority }) => ({ run, tenant, priority }));
    if (wakes.length > 0) {
      enlistOrUndo(
        wakes.toSorted((a, b) => (a.run < b.run ? -1 : 1)),
        () => due.forEach((log, index) => change(log, before[index]!)),
      );
    }
    return { woken: due.length, nextAtMs: toTimed(logs)[0]?.head.wakeAtMs ?? null };
  }

  function read(run: RunId, page: { after: number; limit: number }): readonly StoredEvent[] {
    requireId("run", run);
    const events = logs.get(run)?.events ?? [];
    const from = Math.max(0, page.after);
    return events
      .slice(from, from + Math.min(page.limit, storeLimits.rowsPerPage))
      .map((payload, index) => ({ run, seq: from + index + 1, payload }));
  }

  return {
    toFence,
    append,
    create: async (draft) => create(draft),
    async get(run) {
      requireId("run", run);
      return logs.get(run)?.head ?? null;
    },
    async take(run) {
      requireId("run", run);
      const log = logs.get(run);
      if (log === undefined) return null;
      return log.head.ended ? log.head : change(log, { epoch: log.head.epoch + 1 });
    },
    read: async (run, page) => read(run, page),
    setTimer: async (run, atMs, { replace = false } = {}) => setTimer(run, atMs, replace),
    wakeDue: async (nowMs, limit) => wakeDue(nowMs, limit),
  };
}

function toTimed(logs: ReadonlyMap<RunId, Log>): Log[] {
  return [...logs.values()]
    .filter((log) => log.head.wakeAtMs !== null)
    .toSorted((a, b) => a.head.wakeAtMs! - b.head.wakeAtMs!);
}
