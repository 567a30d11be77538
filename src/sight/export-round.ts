import { Fault, toUuidMs, type RunId } from "../model/index.ts";
import { isEndedSpan, type EndedSpan } from "../model/span.ts";
import type { Clock } from "../ports/clock.ts";
import type { Entries, EntryRow } from "../ports/entry-rows.ts";
import type { LogRows } from "../ports/log-rows.ts";
import type { RunDesk } from "../ports/run-desk.ts";
import { spansAtOnce, type SpanSink } from "../ports/span-sink.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { DueTrace, TraceKey, TraceMark, TraceRows } from "../ports/trace-rows.ts";
import type { Breaks } from "./breaks.ts";
import { isKept } from "./keep-trace.ts";
import type { LookTimes } from "./look-times.ts";
import { projectEntry } from "./project-entry.ts";
import { readTrace, type RunTrace, type TraceReading, type TreeTrace } from "./read-trace.ts";
import { withTexts } from "./span-texts.ts";
import { toExportedAll } from "./to-exported.ts";
import type { TraceDestination } from "./trace-destination.ts";

export interface RoundOptions extends TraceReading {
  readonly rows: TraceRows;
  readonly entries: Pick<Entries, "page">;
  readonly log: Pick<LogRows, "latest">;
  readonly runs: Pick<RunDesk, "events" | "content">;
  /** This process. */
  readonly owner: string;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly destination: TraceDestination;
  /** Of this destination, from round to round. */
  readonly looks: LookTimes;
  readonly breaks: Breaks;
  readonly signal: AbortSignal;
}

/** Perhaps later; nothing of it is noted. */
export class NotTaken extends Error {
  readonly retryAfterMs: number | null;
  constructor(why: string, retryAfterMs: number | null) {
    super(why);
    this.retryAfterMs = retryAfterMs;
  }
}

/** Another process has the destination by now: it goes on. */
class TakenAway extends Error {}

/** Several tries of a batch. Who died is followed after this; who lives keeps what it has from round to round. */
const leaseMs = 30_000;
const runsAtOnce = 20;
const entriesAtOnce = spansAtOnce;
const entriesForMs = 30_000;
/** Collectors take at least four megabytes at once; a character takes up to four bytes. */
const charactersAtOnce = 512 * 1024;
/** Longer than a commit takes, and than the clocks of two replicas differ. */
const lateMs = 10 * 60_000;

/**
 * Sends one destination all that ended since it was sent something. What is noted as sent was taken before:
 * whoever dies in between sends the same spans again, and none is left out.
 */
export async function exportRound(options: RoundOptions): Promise<void> {
  const { destination, owner, clock } = options;
  const key = { tenant: destination.tenant, destination: destination.name, owner };
  const mark = await take(options, key);
  if (mark === null) return;
  const sink = destination.open();
  const round: Round = { ...options, key, sink, takenMs: clock.monotonicMs() };
  try {
    await sendEntries(round, mark);
    await sendRuns(round, mark);
  } catch (error) {
    if (!(error instanceof TakenAway)) throw error;
  } finally {
    await sink.close();
  }
}

interface Round extends RoundOptions {
  readonly key: TraceKey;
  readonly sink: SpanSink;
  takenMs: number;
}

function take({ rows, clock }: Pick<RoundOptions, "rows" | "clock">, key: TraceKey) {
  const nowMs = clock.nowMs();
  return rows.take({ ...key, nowMs, untilMs: nowMs + leaseMs });
}

/** Whoever is slow keeps what it has. */
async function renew(round: Round): Promise<void> {
  round.signal.throwIfAborted();
  if (round.clock.monotonicMs() - round.takenMs < leaseMs / 4) return;
  if ((await take(round, round.key)) === null) throw new TakenAway();
  round.takenMs = round.clock.monotonicMs();
}

async function sendEntries(round: Round, mark: TraceMark): Promise<void> {
  const { rows, entries, log, key, destination, clock } = round;
  const { tenant } = key;
  const untilMs = clock.monotonicMs() + entriesForMs;
  let after = mark.entries;
  if (after === null) {
    // A new destination is sent what comes from now on.
    after = (await log.latest(tenant, { limit: 1 }))[0]?.cursor ?? 0n;
    require(await rows.moveEntries(key, after));
  }
  for (;;) {
    await renew(round);
    const page = await entries.page(tenant, { after, limit: entriesAtOnce });
    const last = page.at(-1);
    if (last === undefined) return;
    after = last.cursor;
    const spans = page.flatMap((entry) => readSpan(round, entry) ?? []);
    const kept = spans.filter((span) => isKept(span.traceId, [span], destination.keep));
    await deliver(round, kept);
    require(await rows.moveEntries(key, after));
    // Where they come as fast as they are sent, runs have their turn all the same.
    if (page.length < entriesAtOnce || clock.monotonicMs() > untilMs) return;
  }
}

/** An entry that cannot be read is told of in the ledger's own checks: it holds up none of the others. */
function readSpan({ telemetry }: Round, { id, bytes }: EntryRow): EndedSpan | null {
  try {
    return projectEntry(bytes);
  } catch (fault) {
    telemetry.log("error", "an entry cannot be traced", { entry: id, fault });
    return null;
  }
}

/** Each run once, in the order of their ids; those that begin or go on meanwhile come in the next round. */
async function sendRuns(round: Round, { sinceMs }: TraceMark): Promise<void> {
  const { rows, key, clock, looks } = round;
  const startedMs = clock.nowMs();
  looks.forget(clock.monotonicMs());
  const looked = new Set<RunId>();
  let after: RunId | null = null;
  for (;;) {
    await renew(round);
    const page: readonly DueTrace[] = await rows.listDue(key, {
      sinceMs,
      after,
      limit: runsAtOnce,
    });
    for (const due of page) {
      if (looked.has(due.run) || toUuidMs(due.run) > startedMs) continue;
      for (const { run } of await sendReadable(round, due)) looked.add(run);
    }
    after = page.at(-1)?.run ?? null;
    if (page.length < runsAtOnce || toUuidMs(after!) > startedMs) break;
  }
  // All that ended until then was looked at: only what comes late may still be before it.
  if (startedMs - lateMs > sinceMs + leaseMs)
    require(await rows.moveSince(key, startedMs - lateMs));
}

/** A log that cannot be read, or is no run's, holds up none of the others. */
async function sendReadable(round: Round, due: DueTrace): Promise<readonly RunTrace[]> {
  try {
    return await sendTree(round, due);
  } catch (error) {
    if (round.signal.aborted || !isOfLog(error)) throw error;
    const { run, head } = due;
    const mark = { run, root: run, seen: head, sent: 0 };
    round.telemetry.log("error", "a run cannot be traced", { run, fault: error });
    require(await round.rows.noteRun(round.key, mark));
    return [];
  }
}

/** Of this log alone. Whatever else went wrong says nothing of it: the round ends, and another one looks again. */
function isOfLog(error: unknown): boolean {
  return error instanceof Fault && ["record_unreadable", "not_found"].includes(error.code);
}

async function sendTree(round: Round, due: DueTrace): Promise<readonly RunTrace[]> {
  const { rows, key, destination, looks, clock } = round;
  const asked = await readRoot(round, due.run);
  if (looks.isResting(asked, clock.monotonicMs())) return [];
  const { runs } = await readTree(round, due.run, asked);
  const root = runs[0]!.run;
  const spans = runs.flatMap((each) => each.spans);
  const hasReason = spans[0] !== undefined && isKept(spans[0].traceId, spans, destination.keep);
  const known = await rows.readRuns(
    key,
    runs.map(({ run }) => run),
  );
  for (const trace of runs) {
    const sent = known.find(({ run }) => run === trace.run)?.sent ?? 0;
    if (hasReason) await deliverRun(round, trace, sent);
    // Of a run that is too long, what is not read is looked at no more.
    const seen = trace.run === due.run ? Math.max(trace.head, due.head) : trace.head;
    const mark = { run: trace.run, root, seen, sent: hasReason ? trace.head : sent };
    require(await rows.noteRun(key, mark));
  }
  if (runs.every(({ run }) => run !== due.run))
    require(await rows.noteRun(key, { run: due.run, root, seen: due.head, sent: 0 }));
  // Only now: what was not taken may have ended long ago, and is tried again before anything is forgotten.
  const events = runs.reduce((sum, { head }) => sum + head, 0);
  looks.note(asked, { events, nowMs: clock.monotonicMs() });
  return runs;
}

async function readRoot({ runs, key }: Round, run: RunId): Promise<RunId> {
  const [first] = await runs.events(key.tenant, run, { after: 0, limit: 1 });
  if (first?.event.type !== "run.created")
    throw new Fault("record_unreadable", "A run's log has no beginning.", { details: { run } });
  return first.event.root;
}

/** What is kept is decided by the whole tree; where its root is gone, by what is left. */
async function readTree(round: Round, run: RunId, root: RunId): Promise<TreeTrace> {
  const { key, telemetry } = round;
  const tree = await readTrace(round, key.tenant, root).catch((error: unknown) => {
    if (root === run || !isOfLog(error)) throw error;
    return readTrace(round, key.tenant, run);
  });
  if (tree.isCut) telemetry.log("warn", "a run cannot be traced whole", { run: root });
  if (tree.isCut || tree.runs.some((each) => each.run === run)) return tree;
  // Its parent was cancelled before it noted that this one had begun.
  const apart = await readTrace(round, key.tenant, run);
  return { runs: [...tree.runs, ...apart.runs], isCut: apart.isCut };
}

async function deliverRun(round: Round, { run, spans }: RunTrace, sent: number): Promise<void> {
  const { destination, runs, key } = round;
  const ended = spans.filter(isEndedSpan).filter(({ endSeq }) => endSeq > sent);
  const reading = { runs, tenant: key.tenant, run, redact: destination.redact };
  let batch: EndedSpan[] = [];
  let characters = 0;
  // One after the other: each may hold a long text.
  for (const span of ended) {
    const full = destination.hasTexts ? await withTexts(reading, span) : span;
    batch.push(full);
    characters += countTexts(full);
    if (batch.length < spansAtOnce && characters < charactersAtOnce) continue;
    await deliver(round, batch);
    batch = [];
    characters = 0;
  }
  await deliver(round, batch);
}

function countTexts({ attributes }: EndedSpan): number {
  const { "input.value": input = "", "output.value": output = "" } = attributes;
  return input.length + output.length;
}

/** At most as many as are sent at once. */
async function deliver(round: Round, spans: readonly EndedSpan[]): Promise<void> {
  if (spans.length === 0) return;
  await renew(round);
  const { destination, sink, signal, telemetry, clock } = round;
  const { name } = destination;
  const sent = await sink.send(toExportedAll(spans, destination), signal);
  switch (sent.kind) {
    case "failed":
      round.breaks.forget();
      throw new NotTaken(sent.why, sent.retryAfterMs);
    case "broken":
      if (!round.breaks.isOver(spans[0]!.spanId, clock.monotonicMs()))
        throw new NotTaken(sent.why, null);
      return giveUp(round, spans, { outcome: "given_up", why: sent.why });
    case "refused":
      return giveUp(round, spans, { outcome: "refused", why: sent.why });
    case "taken": {
      round.breaks.forget();
      const rejected = Math.min(sent.rejected, spans.length);
      const taken = spans.length - rejected;
      if (taken > 0) telemetry.count("trace_spans", { destination: name, outcome: "taken" }, taken);
      if (rejected > 0)
        telemetry.count("trace_spans", { destination: name, outcome: "rejected" }, rejected);
    }
  }
}

interface GivenUp {
  readonly outcome: "refused" | "given_up";
  readonly why: string;
}

/** They are not sent again: whatever is behind them would wait for ever. */
function giveUp(
  { destination, telemetry, breaks }: Round,
  { length }: readonly EndedSpan[],
  { outcome, why }: GivenUp,
): void {
  breaks.forget();
  const { name } = destination;
  telemetry.count("trace_spans", { destination: name, outcome }, length);
  const words = outcome === "refused" ? "refused" : "given up";
  telemetry.log("warn", `spans are ${words} and not sent again`, {
    destination: name,
    why,
    spans: length,
  });
}

function require(isOurs: boolean): void {
  if (!isOurs) throw new TakenAway();
}
