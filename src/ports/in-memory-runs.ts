import type { Digest, RunId, TenantId } from "../model/index.ts";
import { mapValues } from "../lib/map-values.ts";
import { runStates, type RunState } from "../model/run-states.ts";
import {
  InMemoryBelongings,
  toKeyPlace,
  toSortedWakes,
  type InMemoryDelivery,
  type InMemoryKey,
} from "./in-memory-inbox.ts";
import {
  requireBytes,
  requireDigest,
  requireId,
  requireIdBeginning,
  requireIds,
  requireWhole,
} from "./storable.ts";
import { requireStorableDraft, requireStorableLetter } from "./storable-unit.ts";
import type { InMemoryCosts } from "./in-memory-costs.ts";
import type { TracedRun } from "./in-memory-traces.ts";
import { storeLimits } from "./store-limits.ts";
import type {
  KeyedRun,
  LetterToRun,
  Posted,
  RunAbout,
  RunCounting,
  RunCounts,
  RunDraft,
  RunHead,
  RunQuery,
  RunRow,
  Runs,
  RunSnapshot,
  RunGist,
  StoredEvent,
  StoredLetter,
  WakeNow,
} from "./run-rows.ts";
import type { Append, CommitOutcome } from "./store.ts";

/** Takes all of the wakes or throws: like the transaction that it stands for. */
export type EnlistInMemory = (wakes: readonly WakeNow[]) => void;

interface Log {
  head: RunHead;
  state: RunState;
  endedAtMs: number | null;
  gist: RunGist | null;
  snapshot: RunSnapshot | null;
  readonly about: RunAbout | null;
  readonly events: Uint8Array[];
  readonly belongings: InMemoryBelongings;
}

export class InMemoryRuns implements Runs {
  readonly #logs = new Map<RunId, Log>();
  readonly #keys = new Map<string, InMemoryKey>();
  readonly #enlist: EnlistInMemory;
  readonly #onRemoved: (run: RunId) => void;
  readonly #costs: InMemoryCosts;

  constructor(enlist: EnlistInMemory, costs: InMemoryCosts, onRemoved: (run: RunId) => void) {
    this.#enlist = enlist;
    this.#costs = costs;
    this.#onRemoved = onRemoved;
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
  append({ run, head, events, blobs = [], folded = 0, ...says }: Append): () => void {
    const { wakeAtMs, ended = false, endedAtMs = null, state, gist, costs = [] } = says;
    const log = this.#logs.get(run)!;
    const before = { ...log };
    log.events.push(...events.map((event) => event.slice()));
    const wake = ended ? { wakeAtMs: null } : wakeAtMs === undefined ? {} : { wakeAtMs };
    change(log, { ...wake, ended, head: head + events.length });
    log.state = state ?? log.state;
    log.endedAtMs = ended ? endedAtMs : null;
    log.gist = gist ?? log.gist;
    const undo = [
      log.belongings.keep(blobs),
      log.belongings.fold(folded),
      this.#costs.keep({ ...log.head, about: log.about }, costs),
    ];
    return () => {
      log.events.length = head;
      Object.assign(log, before);
      for (const step of undo.toReversed()) step();
    };
  }

  /** For whoever enlists the wakes, or undoes it. */
  put(letters: readonly LetterToRun[]): InMemoryDelivery {
    const undo: (() => void)[] = [];
    const wakes = new Map<RunId, WakeNow>();
    const outcomes = letters.map((letter): Posted => {
      const log = this.#logs.get(letter.run);
      if (log === undefined || log.head.tenant !== letter.tenant) return "missing";
      if (log.head.ended) return "ended";
      if (log.belongings.isFull) return "full";
      const { head } = log;
      const { inbox } = change(log, { inbox: head.inbox + 1 });
      undo.push(log.belongings.put(inbox, letter), () => void (log.head = head));
      wakes.set(letter.run, { run: head.run, tenant: head.tenant, priority: head.priority });
      return "posted";
    });
    const undoAll = (): void => undo.toReversed().forEach((step) => step());
    return { outcomes, wakes: [...wakes.values()], undo: undoAll };
  }

  async create(draft: RunDraft): Promise<"created" | "exists"> {
    requireStorableDraft(draft);
    const { run, tenant, priority = 0, events, wakeAtMs = null, key, blobs = [] } = draft;
    const place = key === undefined ? null : toKeyPlace(tenant, key.hash);
    if (this.#logs.has(run) || (place !== null && this.#keys.has(place))) return "exists";
    const head = { run, tenant, epoch: 0, head: events.length, priority, wakeAtMs };
    const belongings = new InMemoryBelongings();
    belongings.keep(blobs);
    this.#logs.set(run, {
      head: { ...head, ended: false, inbox: 0 },
      state: draft.state ?? "queued",
      endedAtMs: null,
      gist: { steps: 0, why: null, micros: 0, tokens: 0 },
      snapshot: null,
      about: draft.about ?? null,
      events: events.map((event) => event.slice()),
      belongings,
    });
    if (place !== null) this.#keys.set(place, { run, fingerprint: key!.fingerprint });
    if (draft.wake === true) {
      this.#enlistOrUndo([{ run, tenant, priority }], () => this.#drop(run));
    }
    return "created";
  }

  async get(run: RunId): Promise<RunHead | null> {
    requireId("run", run);
    return this.#logs.get(run)?.head ?? null;
  }

  /** For its twin of traces. */
  listTraced(): readonly TracedRun[] {
    return [...this.#logs.values()].map(({ head, endedAtMs }) => ({ ...head, endedAtMs }));
  }

  async heads(runs: readonly RunId[]): Promise<readonly RunHead[]> {
    requireIds("runs", runs);
    return [...new Set(runs)].flatMap((run) => this.#logs.get(run)?.head ?? []);
  }

  async byKey(tenant: TenantId, key: Digest): Promise<KeyedRun | null> {
    requireDigest("key", key);
    return this.#keys.get(toKeyPlace(tenant, key)) ?? null;
  }

  async list(tenant: TenantId, query: RunQuery): Promise<readonly RunRow[]> {
    const { state, begins, before, limit } = query;
    if (begins !== undefined) requireIdBeginning("begins", begins);
    if (before !== undefined) requireId("before", before);
    return this.#listOf(tenant, query)
      .filter((log) => state === undefined || log.state === state)
      .filter((log) => begins === undefined || log.head.run.startsWith(begins))
      .filter((log) => before === undefined || log.head.run < before)
      .slice(0, Math.min(limit, storeLimits.rowsPerPage))
      .map(({ head, state: is, about, endedAtMs, gist }) => ({
        ...head,
        state: is,
        about,
        endedAtMs,
        gist,
      }));
  }

  /** Newest first. */
  #listOf(tenant: TenantId, query: Omit<RunCounting, "most">): readonly Log[] {
    const { agent, parent, subject, isTop = false } = query;
    if (parent !== undefined) requireId("parent", parent);
    return [...this.#logs.values()]
      .filter((log) => log.head.tenant === tenant)
      .filter((log) => agent === undefined || log.about?.agent === agent)
      .filter((log) => parent === undefined || log.about?.parent === parent)
      .filter((log) => subject === undefined || log.about?.subject === subject)
      .filter((log) => !isTop || (log.about?.parent ?? null) === null)
      .toSorted((a, b) => (a.head.run < b.head.run ? 1 : -1));
  }

  async count(tenant: TenantId, { most, ...query }: RunCounting): Promise<RunCounts> {
    const all = this.#listOf(tenant, query);
    const isOfAll = Object.values(query).every((each) => each === undefined || each === false);
    const counted = isOfAll ? all : all.slice(0, most);
    const found = mapValues(runStates.moves, (_, state) =>
      counted.reduce((count, log) => count + (log.state === state ? 1 : 0), 0),
    );
    const isCut = isOfAll ? Object.values(found).some((count) => count > most) : all.length > most;
    const states = mapValues(found, (count) => Math.min(count, most)) as RunCounts["states"];
    return { states, isCut };
  }

  async countCompleted(
    tenant: TenantId,
    { fromMs, toMs, most }: Parameters<Runs["countCompleted"]>[1],
  ): Promise<number> {
    const isWithin = (atMs: number | null) => atMs !== null && atMs >= fromMs && atMs < toMs;
    const found = this.#listOf(tenant, { isTop: true }).filter(
      (log) => log.state === "completed" && isWithin(log.endedAtMs),
    );
    return Math.min(found.length, most);
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
    this.#enlistOrUndo(wakes, () => due.forEach((log, index) => change(log, before[index]!)));
    return { woken: due.length, nextAtMs: toTimed(this.#logs)[0]?.head.wakeAtMs ?? null };
  }

  async post(letter: LetterToRun): Promise<Posted> {
    requireStorableLetter(letter);
    return this.tell([letter])[0]!;
  }

  /** Puts letters and wakes those that took them, or does neither and throws. */
  tell(letters: readonly LetterToRun[]): readonly Posted[] {
    const { outcomes, wakes, undo } = this.put(letters);
    this.#enlistOrUndo(wakes, undo);
    return outcomes;
  }

  async letters(
    run: RunId,
    page: { after: number; limit: number },
  ): Promise<readonly StoredLetter[]> {
    requireId("run", run);
    const letters = this.#logs.get(run)?.belongings.letters ?? [];
    const limit = Math.min(page.limit, storeLimits.rowsPerPage);
    return letters.filter(({ seq }) => seq > page.after).slice(0, limit);
  }

  async blobs(run: RunId, ids: readonly Digest[]): Promise<ReadonlyMap<Digest, Uint8Array>> {
    requireId("run", run);
    for (const id of ids) requireDigest("ids", id);
    const all = this.#logs.get(run)?.belongings.blobs ?? new Map<Digest, Uint8Array>();
    return new Map([...all].filter(([id]) => ids.includes(id)));
  }

  async copyBlobs(from: RunId, to: RunId): Promise<void> {
    requireId("from", from);
    requireId("to", to);
    const [source, target] = [this.#logs.get(from), this.#logs.get(to)];
    if (source === undefined || source.head.tenant !== target?.head.tenant) return;
    target.belongings.keep([...source.belongings.blobs].map(([id, bytes]) => ({ id, bytes })));
  }

  async keepSnapshot(run: RunId, { seq, bytes }: RunSnapshot): Promise<void> {
    requireId("run", run);
    requireWhole("seq", seq);
    requireBytes("bytes", bytes);
    const log = this.#logs.get(run);
    if (log === undefined || (log.snapshot?.seq ?? -1) >= seq) return;
    log.snapshot = { seq, bytes: bytes.slice() };
  }

  async snapshot(run: RunId): Promise<RunSnapshot | null> {
    requireId("run", run);
    return this.#logs.get(run)?.snapshot ?? null;
  }

  async listEnded(beforeMs: number, limit: number): Promise<readonly RunId[]> {
    return [...this.#logs.values()]
      .filter(({ endedAtMs }) => endedAtMs !== null && endedAtMs < beforeMs)
      .filter(({ about }) => !this.#isGoing(about?.parent ?? null))
      .toSorted((a, b) => a.endedAtMs! - b.endedAtMs! || (a.head.run < b.head.run ? -1 : 1))
      .slice(0, Math.min(limit, storeLimits.rowsPerPage))
      .map(({ head }) => head.run);
  }

  #isGoing(run: RunId | null): boolean {
    return run !== null && this.#logs.get(run)?.head.ended === false;
  }

  async remove(run: RunId): Promise<boolean> {
    requireId("run", run);
    if (this.#logs.get(run)?.head.ended !== true) return false;
    this.#drop(run);
    this.#onRemoved(run);
    return true;
  }

  #drop(run: RunId): void {
    this.#logs.delete(run);
    for (const [place, key] of this.#keys) if (key.run === run) this.#keys.delete(place);
  }

  #enlistOrUndo(wakes: readonly WakeNow[], undo: () => void): void {
    if (wakes.length === 0) return;
    try {
      this.#enlist(toSortedWakes(wakes));
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
