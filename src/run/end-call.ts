import { nothing } from "../model/budget.ts";
import type { Json } from "../lib/strict-json.ts";
import { isObject } from "../mcp/read-message.ts";
import { runIdSchema, toLeafHash, type Digest, type EntryId, type RunId } from "../model/index.ts";
import type { RunEvent } from "../model/run-event.ts";
import { isUnreachedCode } from "../model/unreached.ts";
import type { OwnOutcomeName, RunBasis, RunMoment, RunOfCall } from "../ports/gate.ts";
import type { CommitOutcome, CommitUnit } from "../ports/store.ts";
import type { Noting } from "./journal.ts";
import { costOf } from "./call-cost.ts";
import { settleCall } from "./hold.ts";
import { toNoted } from "./note-facts.ts";
import { findTool } from "./offered-tools.ts";
import { toRunFacts } from "./run-facts.ts";
import { toResult } from "./to-result.ts";
import { findCall, type CallEnd, type CallView } from "./view.ts";
import type { Work } from "./worker.ts";

interface Ending {
  readonly outcome: CallEnd;
  readonly text: string;
  readonly entry?: EntryId | null;
  /** Of the entry that becomes durable with it. */
  readonly leaf?: Digest;
  /** Nothing was asked of anybody. */
  readonly isFree?: boolean;
  /** Its arguments were not as its tool takes them. */
  readonly isMalformed?: boolean;
  /** Key of a fact that its arguments were not in line with. */
  readonly contradicts?: string;
  /** What stands before it in the same commit. */
  readonly before?: readonly RunEvent[];
  /** Absent: the text is the server's own, or words of the run. */
  readonly own?: OwnOutcomeName;
}

/** A call that was made now, and since when. */
export type MadeCall = CallView & {
  readonly sinceMs?: number;
  /** Its arguments, where its tool declares facts. */
  readonly checked?: Json;
  /** What it rests on. */
  readonly basis?: RunBasis;
  readonly stillHolds?: () => Promise<boolean>;
};

export async function endCall(work: Work, call: MadeCall, ending: Ending): Promise<void> {
  // Before it is noted: whoever dies in between makes it again, and what it held is settled once.
  await settleCall(work, call, ending.isFree === true ? nothing : costOf(work, call));
  await work.journal.note(await toEnded(work, call, ending));
  countEnd(work, ending);
}

function countEnd({ options }: Work, { outcome }: Pick<Ending, "outcome">): void {
  options.telemetry.count("run_calls", { outcome });
}

/** A sub-agent that had begun before, and goes on. */
export async function noteChild(work: Work, call: CallView, run: RunId): Promise<void> {
  await settleCall(work, call, costOf(work, call));
  await work.journal.note(toChildStarted(work, call, { run }));
}

async function toEnded(work: Work, call: MadeCall, ending: Ending): Promise<Noting> {
  const {
    outcome,
    text,
    entry = null,
    leaf,
    isFree = false,
    before = [],
    isMalformed = false,
  } = ending;
  const result = await work.contents.make(toResult(text, outcome !== "answered"));
  const { step, ordinal, sinceMs } = call;
  const { clock } = work.options;
  const atMs = clock.nowMs();
  const ms = sinceMs === undefined ? null : Math.max(0, Math.round(clock.monotonicMs() - sinceMs));
  const cost = isFree ? nothing : costOf(work, call);
  const noted = await toNoted(work, call, ending);
  const event: RunEvent = {
    v: 1,
    type: "call.ended",
    atMs,
    step,
    ordinal,
    entry,
    outcome,
    result: result.id,
    cost,
    ...(isMalformed ? { isMalformed } : {}),
    ...(ms === null ? {} : { ms, bytes: Buffer.byteLength(text) }),
    ...noted,
    ...(ending.contradicts === undefined ? {} : { contradicts: ending.contradicts }),
    ...(leaf === undefined ? {} : { leaf }),
  };
  return { events: [...before, event], blobs: [result] };
}

type Deferring = Pick<
  Extract<RunEvent, { type: "call.deferred" }>,
  "for" | "approval" | "name" | "untilMs"
>;

export async function noteDeferred(work: Work, call: CallView, why: Deferring): Promise<void> {
  const { step, ordinal } = call;
  const atMs = work.options.clock.nowMs();
  await work.journal.note({
    events: [{ v: 1, type: "call.deferred", atMs, step, ordinal, ...why }],
  });
}

/** The gate's own records of this call become durable with the events that say the same. */
export function toRunOfCall(work: Work, call: MadeCall): RunOfCall {
  const { run, built, journal } = work;
  const { step, ordinal, tool } = call;
  const bundled = built.bundle.tools.find(({ exposed }) => exposed === tool);
  return {
    run,
    step,
    ordinal,
    facts: toRunFacts(journal.view, call),
    previous: () => journal.view.leaf,
    isFirst: isFirst(call),
    pin: bundled?.pin ?? null,
    rules: built.rules,
    ...(call.basis === undefined ? {} : { basis: call.basis }),
    ...(call.stillHolds === undefined ? {} : { stillHolds: call.stillHolds }),
    ...(call.checked === undefined || call.effect !== "read" ? {} : { isFresh: true }),
    ...(bundled?.changes === undefined ? {} : { changes: bundled.changes }),
    commit: (unit, moment) => commit(work, call, { unit, moment }),
  };
}

/** An intent is noted in the commit that claims its key: none was noted, none was claimed. */
function isFirst({ state, entry, again, putOff }: CallView): boolean {
  return state.kind === "planned" && entry === null && again === 0 && putOff === 0;
}

interface Committing {
  readonly unit: CommitUnit;
  readonly moment: RunMoment;
}

async function commit(
  work: Work,
  call: MadeCall,
  { unit, moment }: Committing,
): Promise<CommitOutcome> {
  const { step, ordinal } = call;
  const leaf = toLast(unit);
  if (moment.kind === "started") {
    const { intent, entry } = moment;
    const atMs = work.options.clock.nowMs();
    const event = { v: 1, type: "call.started", atMs, step, ordinal, intent, entry, leaf } as const;
    return work.journal.commit({ events: [event], unit });
  }
  if (moment.own === "consent" || moment.isPassing === true || isMadeAgain(work, call, moment)) {
    const atMs = work.options.clock.nowMs();
    const why = moment.own === "consent" ? toConsent(atMs) : toSoon(work, call);
    const event = { v: 1, type: "call.deferred", atMs, step, ordinal, ...why, leaf } as const;
    return work.journal.commit({ events: [event], unit });
  }
  const child = call.effect === "agent" && moment.outcome === "answered" ? toChild(moment) : null;
  const noting =
    child === null
      ? await toEnded(work, call, { ...moment, outcome: moment.outcome, leaf })
      : toChildStarted(work, call, { run: child, leaf });
  // What the effect was must become durable, whatever becomes of the budget: the end of the run settles, too.
  await settleCall(work, call, costOf(work, call)).catch(() => undefined);
  const committed = await work.journal.commit({ ...noting, unit });
  if (committed.kind === "committed" && child === null) countEnd(work, moment);
  return committed;
}

function toLast({ entries }: CommitUnit): Digest {
  const last = entries?.at(-1);
  if (last === undefined) throw new Error("a call of a run is recorded without an entry");
  return toLeafHash(last.bytes);
}

/**
 * So often a call is made again by itself, after 1, 3, 9 and 27 s: longer than a breaker stays open. Then
 * it is told to the model, or left to a person.
 */
const maxAgain = 4;

/**
 * What is made again after a while: a call in doubt whose tool does one key once, and one of which nothing
 * was sent, since its server was away.
 */
function isMadeAgain(
  { built, options, journal, cut }: Work,
  call: CallView,
  { outcome, isUnreached }: Extract<RunMoment, { kind: "ended" }>,
): boolean {
  if (cut.aborted || (outcome !== "unknown" && isUnreached !== true)) return false;
  if (putOffOf(journal, call) >= maxAgain) return false;
  const tool = findTool(built.bundle, options.catalog(), call.tool);
  return isUnreached === true || tool?.config.idempotencyKey !== undefined;
}

/** Whoever has to allow a credential has a page of their own; nobody tells when it is done. */
const lookAgainMs = 15_000;
/** What passes by itself has passed by then, or the run waits as long once more. */
const soonMs = 1_000;

/** Each time a little later. */
export function toSoon({ journal, options }: Work, call: CallView): Deferring {
  const pauseMs = soonMs * 3 ** Math.min(putOffOf(journal, call), maxAgain - 1);
  return { for: "timer", approval: null, name: null, untilMs: options.clock.nowMs() + pauseMs };
}

/** A read of which nothing was sent: whether it is made again after a while. */
export function isPutOff(work: Work, call: CallView, code: string): boolean {
  return isUnreachedCode(code) && hasTriesLeft(work, call);
}

export function hasTriesLeft({ journal, cut }: Work, call: CallView): boolean {
  return putOffOf(journal, call) < maxAgain && !cut.aborted;
}

function putOffOf({ view }: Work["journal"], call: CallView): number {
  return (findCall(view, call) ?? call).putOff;
}

export function toConsent(nowMs: number): Deferring {
  return { for: "credential", approval: null, name: null, untilMs: nowMs + lookAgainMs };
}

/** A sub-agent that was started: its call goes on until it ends. */
export function toChild({ text }: { readonly text: string }): RunId | null {
  if (!text.startsWith("{")) return null;
  const result: unknown = JSON.parse(text);
  if (!isObject(result)) return null;
  const { structuredContent } = result;
  const said = isObject(structuredContent) ? structuredContent["run"] : undefined;
  const parsed = runIdSchema.safeParse(said);
  return parsed.success ? parsed.data : null;
}

function toChildStarted(
  work: Work,
  { step, ordinal }: CallView,
  child: { readonly run: RunId; readonly leaf?: Digest },
): Noting {
  const atMs = work.options.clock.nowMs();
  return { events: [{ v: 1, type: "child.started", atMs, step, ordinal, ...child }] };
}
