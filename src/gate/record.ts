import { toHandedText } from "../mcp/own-outcome.ts";
import { Fault, toUuidV7, type EntryId, type FaultCode, type TenantId } from "../model/index.ts";
import { isUnreachedCode } from "../model/unreached.ts";
import type { CallEnding } from "../ports/call-rows.ts";
import type { Clock } from "../ports/clock.ts";
import type { Openings } from "../ports/openings.ts";
import type { ApprovalRefusal } from "../ports/approval-rows.ts";
import type { EntryRow } from "../ports/entry-rows.ts";
import type { RunMoment, RunOfCall } from "../ports/gate.ts";
import type { Store } from "../ports/store.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { DecidedCall } from "./call.ts";
import { toIntentText, toOutcomeText } from "./entry-text.ts";
import { toDraft, toKeptResult } from "./kept-call.ts";
import type { Outcome } from "./outcome.ts";
import { toResolution } from "./resolve-call.ts";

export interface Recorder {
  /** I4: durable when it resolves; only then may the effect start. I3: its approval is used up with it. */
  intent(call: DecidedCall): Promise<IntentRecorded>;
  /** I5: durable when it resolves, for an effect; a read's follows within `flushEveryMs`. */
  outcome(outcome: Outcome): Promise<void> | void;
  /** Writes what waits. */
  close(): Promise<void>;
}

export interface FlushingRecorder extends Recorder {
  /** Entries of what was answered before are durable. It stands still behind one that was lost. */
  flushedBeforeMs(): number;
}

export type IntentRecorded =
  | { readonly kind: "durable"; readonly id: EntryId }
  | { readonly kind: "unconsumable"; readonly reason: ApprovalRefusal }
  | { readonly kind: "key_taken" };

export interface RecordOptions {
  readonly store: Pick<Store, "commit">;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly random: (length: number) => Buffer;
  /** `sync`: a read, too, is answered only once its entry is durable. */
  readonly mode: "async" | "sync";
  readonly openings: Openings;
  /** Told of each ended call with the entry that tells of it. Absent: nobody is. */
  readonly onEnded?: (outcome: Outcome, told: { id: EntryId; atMs: number }) => void;
}

/** I5 allows 50 ms; the commit itself takes a few. */
const flushEveryMs = 25;
const pageSize = 256;
/** Reads that are answered while Postgres stands still. At the bound a read waits for its entry. */
const maxWaiting = 65_536;
/** A page that cannot be written is tried again at this pace, for as long as the process lives. */
const retryMs = 500;

export function createRecorder(options: RecordOptions): FlushingRecorder {
  const { store, clock, random, mode, openings } = options;
  const pages = createPages(options);
  const toId = (): EntryId => toUuidV7(clock.nowMs(), random(10)) as EntryId;

  const write = (row: EntryRow, told?: Told): Promise<void> => writeOne(options, row, told);

  async function writeEnding(row: EntryRow, outcome: Outcome, salt: string): Promise<void> {
    const kept = toKeptResult(outcome, salt);
    const { tenant } = row;
    const place = { tenant, what: `result:${outcome.of}` };
    const result = kept === null ? null : await openings.seal(place, kept);
    const { run } = outcome.call.request;
    const told = run === undefined ? undefined : { run, moment: toEndedMoment(outcome) };
    const ends = { call: outcome.of!, from: "open", to: toEnd(outcome), result } as const;
    await write({ ...row, ends }, told);
  }

  return {
    async intent(call) {
      const id = toId();
      const atMs = clock.nowMs();
      const row = toRow(call.request.principal.tenant, id, toIntentText(call, { id, atMs }));
      const opens = await toDraft(call, { id, atMs, openings });
      const unit = {
        entries: [...toRepeated(options, call), { ...row, opens }],
        ...toConsumption(call, atMs),
      };
      const { run } = call.request;
      const intent = call.intent.digest;
      const outcome = await (run?.commit(unit, { kind: "started", entry: id, intent }) ??
        store.commit(unit));
      if (outcome.kind === "committed") return { kind: "durable", id };
      if (outcome.kind === "fenced") throw toTaken();
      return outcome;
    },
    outcome(outcome) {
      const id = toId();
      const salt = outcome.result === null ? "" : random(32).toString("hex");
      const atMs = clock.nowMs();
      const text = toOutcomeText(outcome, { id, atMs, salt });
      options.onEnded?.(outcome, { id, atMs });
      const row = toRow(outcome.call.request.principal.tenant, id, text);
      outcome.call.request.onEntry?.(outcome.of ?? id);
      // What had a durable intent ends durably, too; so does everything once too much waits.
      if (outcome.of !== null) return writeEnding(row, outcome, salt);
      if (mode === "sync" || pages.waiting() >= maxWaiting) return write(row);
      return pages.add(row);
    },
    close: () => pages.close(),
    flushedBeforeMs: () => pages.flushedBeforeMs(),
  };
}

/** What of a call is durable together with an event of its run. */
interface Told {
  readonly run: RunOfCall;
  readonly moment: RunMoment;
}

async function writeOne(
  { store, telemetry }: RecordOptions,
  row: EntryRow,
  told?: Told,
): Promise<void> {
  const unit = { entries: [row] };
  const outcome = await (told?.run.commit(unit, told.moment) ?? store.commit(unit));
  if (outcome.kind === "fenced") {
    telemetry.count("gate_late_outcomes", {});
    telemetry.log("error", "a call of a run ended after another worker had taken the run", {
      entry: row.id,
      run: told?.run.run,
    });
    throw toTaken();
  }
  if (outcome.kind !== "committed" || outcome.late === undefined) return;
  telemetry.count("gate_late_outcomes", {});
  telemetry.log("error", "a call ended after it was given up as unknown", { entry: row.id });
}

/** The store was away: what is frozen is heard of again as soon as it is back. */
const passing: FaultCode = "freeze_unknown";

function toEndedMoment({ of, outcome, reason, handed }: Outcome): RunMoment {
  if (of === null || handed === null || outcome === "expired")
    throw new Error("a call of a run ended that was never begun");
  const isFault = outcome === "fault";
  const isPassing = isFault && reason === passing && ({ isPassing: true } as const);
  const isUnreached = isFault && isUnreachedCode(reason) && ({ isUnreached: true } as const);
  if (typeof handed === "string")
    return { kind: "ended", entry: of, outcome, text: handed, ...isPassing, ...isUnreached };
  const text = toHandedText(handed);
  const own = handed.kind === "result" ? handed.outcome : undefined;
  return { kind: "ended", entry: of, outcome, text, ...(own === undefined ? {} : { own }) };
}

/** The other worker settles what is left. */
function toTaken(): Fault {
  return new Fault("run_taken", "Another worker goes on with this run.");
}

function toEnd({ outcome }: Outcome): CallEnding["to"] {
  if (outcome === "unknown") return "unknown";
  return outcome === "answered" || outcome === "tool_error" ? "done" : "failed";
}

/** What this call makes again is no longer in doubt, in the same moment. */
function toRepeated(options: RecordOptions, { request, claims }: DecidedCall): readonly EntryRow[] {
  if (claims?.repeats === undefined) return [];
  const { tenant } = request.principal;
  const evidence = "The tool takes the call's key, and is sent the same one again.";
  const finding = { outcome: "retry", by: "countersign", evidence } as const;
  // A key of a run is that run's alone: the call that is made again was its, too.
  const run = request.run?.run ?? null;
  return [toResolution(options, { id: claims.repeats, tenant, run }, finding)];
}

function toConsumption({ request, intent, approval }: DecidedCall, nowMs: number) {
  if (approval === null || approval.isUsed) return {};
  const { tenant } = request.principal;
  return { consume: { tenant, approval: approval.id, intent: intent.digest, nowMs } };
}

function toRow(tenant: TenantId, id: EntryId, text: string): EntryRow {
  return { id, tenant, bytes: Buffer.from(text) };
}

/** Rows of reads, written in pages: by the first timer or the 256th row. */
function createPages(options: RecordOptions) {
  const { clock } = options;
  let rows: EntryRow[] = [];
  let isDue = false;
  let writing = Promise.resolve();
  let underWay = 0;
  /** Since when the rows of each page wait that is not durable, the oldest first. */
  const undurable = new Set<{ readonly sinceMs: number }>();
  let filling = { sinceMs: 0 };
  const stopped = new AbortController();

  function flush(): void {
    isDue = false;
    if (rows.length === 0) return;
    const [page, mark] = [rows, filling];
    rows = [];
    underWay += page.length;
    writing = writing
      .then(() => writePage(options, page, stopped.signal))
      .then(
        () => {
          underWay -= page.length;
          undurable.delete(mark);
        },
        () => void (underWay -= page.length),
      );
  }

  return {
    waiting: () => rows.length + underWay,
    flushedBeforeMs: () => undurable.values().next().value?.sinceMs ?? clock.nowMs(),
    add(row: EntryRow): void {
      if (rows.length === 0) undurable.add((filling = { sinceMs: clock.nowMs() }));
      rows.push(row);
      if (rows.length >= pageSize) return flush();
      if (isDue) return;
      isDue = true;
      clock.sleep(flushEveryMs).then(flush, () => undefined);
    },
    async close(): Promise<void> {
      flush();
      const late = clock.sleep(closeWithinMs, stopped.signal).then(
        () => stopped.abort(),
        () => undefined,
      );
      await writing;
      stopped.abort();
      await late;
    },
  };
}

async function writePage(
  { store, clock, telemetry }: RecordOptions,
  page: readonly EntryRow[],
  stopped: AbortSignal,
): Promise<void> {
  for (;;) {
    try {
      await store.commit({ entries: page });
      return;
    } catch (fault) {
      telemetry.count("gate_record_retries", {});
      telemetry.log("error", "entries of reads could not be written", {
        fault,
        entries: page.length,
      });
      if (stopped.aborted) throw fault;
      await clock.sleep(retryMs, stopped).catch(() => undefined);
    }
  }
}

const closeWithinMs = 5_000;
