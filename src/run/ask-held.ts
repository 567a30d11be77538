import { nothing, reserveBudget, type Amounts, type Estimate } from "../model/budget.ts";
import { toBudgetWords } from "./budget-words.ts";
import { Fault, type Digest } from "../model/index.ts";
import type { ModelUsage } from "../model/model-usage.ts";
import { maxCallsPerTurn, type RunEvent } from "../model/run-event.ts";
import { toRunTrace, toSpanId, toTraceparent } from "../model/trace-context.ts";
import type {
  ModelCall,
  ModelEvent,
  ModelRequest,
  ModelStop,
  RefusedCall,
} from "../ports/model-backend.ts";
import { fail } from "./finish.ts";
import { holdShared, isPriced, settleShared, StopRun } from "./hold.ts";
import { inTime, LeftBehind } from "./in-time.ts";
import type { Work } from "./worker.ts";

/** A model that writes for longer than this is not waited for. */
const longestAnswerMs = 600_000;
const firstPauseMs = 1_000;
const longestPauseMs = 60_000;
/** Whoever says that it is away for longer is asked all the same. */
const longestRetryMs = 3_600_000;

export interface HeldAsking {
  readonly alias: string;
  readonly request: ModelRequest;
  /** What the log says of it. */
  readonly asked: Pick<Extract<RunEvent, { type: "model.asked" }>, "context" | "snapshot" | "for">;
}

export interface HeldAnswer<Answer = ModelAnswer | Fault> {
  readonly answer: Answer;
  readonly step: number;
  readonly cost: Amounts;
}

export interface ModelAnswer {
  readonly text: string;
  readonly calls: readonly (ModelCall | RefusedCall)[];
  readonly stop: ModelStop;
  readonly usage: ModelUsage;
  readonly backend: string;
  readonly prices: Digest;
  readonly cost: number | null;
}

/** Held for, noted, then asked; it is for the caller to note what came. Null: it was cut. */
export async function askHeld(
  work: Work,
  { alias, request, asked }: HeldAsking,
): Promise<HeldAnswer | null> {
  const { options, journal } = work;
  const { models, clock } = options;
  const { view } = journal;
  const estimate = toEstimate(models().toLargestCost(alias, request), request);
  const priced = await isPriced(work);
  // Of a tree, too: what has no price is held by nobody's cap.
  if (priced && estimate.micros === null)
    throw new StopRun("budget", toBudgetWords({ over: "micros", reason: "unknown_price" }));
  const reserved = reserveBudget(view.budget, estimate);
  if (reserved.kind === "refused") throw new StopRun("budget", toBudgetWords(reserved));
  const { held } = reserved;
  const slot = `model:${view.asks}`;
  await holdShared(work, slot, held);
  const { step } = view;
  await journal.note({
    events: [{ v: 1, type: "model.asked", atMs: clock.nowMs(), step, held, ...asked }],
  });
  const span = toSpanId({ run: work.run, subject: "model", step, ordinal: 0, attempt: view.asks });
  const traceparent = toTraceparent({ trace: toRunTrace(view.created), span });
  const owed: Owed = { mayOwe: false };
  const asking = { alias, request, priced, traceparent, owed };
  const answer = await stream(work, asking).catch(toModelFault);
  // A cut one has no end of its own; one that came all the same is taken.
  if (answer instanceof Fault && work.cut.aborted) return null;
  const counted = answer instanceof Fault ? toFailedCost(answer, held) : toCost(answer, held);
  const cost = owed.mayOwe ? toLarger(counted, held) : counted;
  // Before it is noted: whoever dies in between counts what was held, and this stands.
  await settleShared(work, slot, cost);
  return { answer, step, cost };
}

/** Tokens are at least one byte each: so many bytes are never more tokens. */
function toEstimate(micros: number | null, request: ModelRequest): Estimate {
  const input = Buffer.byteLength(JSON.stringify(request));
  return { micros, tokens: input + request.parameters.maxTokens, calls: 0 };
}

/** A backend that was asked before the last one may have to be paid. */
interface Owed {
  mayOwe: boolean;
}

interface Streaming {
  readonly alias: string;
  readonly request: ModelRequest;
  readonly priced: boolean;
  readonly traceparent: string;
  readonly owed: Owed;
}

async function stream(
  work: Work,
  { alias, request, priced, traceparent, owed }: Streaming,
): Promise<ModelAnswer> {
  const { options, journal, cut } = work;
  const { clock, models } = options;
  const deadlineMs = Math.min(
    clock.nowMs() + longestAnswerMs,
    journal.view.deadlineMs ?? Number.POSITIVE_INFINITY,
  );
  let text = "";
  const calls = new Map<number, ModelCall | RefusedCall>();
  const onEvent = (event: ModelEvent): void => {
    if (event.kind === "text") text += event.text;
    if (event.kind === "call") calls.set(event.index, event.call);
    if (event.kind === "call_refused") calls.set(event.index, event);
  };
  const onFailed = (fault: Fault): void => void (owed.mayOwe ||= !isFree(fault));
  const ask = { alias, priced, signal: cut, deadlineMs, onEvent, onFailed, traceparent };
  const routed = await inTime({ clock, cut, deadlineMs }, () => models().stream(ask, request));
  const inOrder = [...calls].toSorted(([one], [other]) => one - other).map(([, call]) => call);
  const left = inOrder.length - maxCallsPerTurn;
  const note = left > 0 ? `\n(${left} more calls than may be made at once were left out.)` : "";
  const shown = `${text.toWellFormed()}${note}`;
  return { ...routed, text: shown, calls: inOrder.slice(0, maxCallsPerTurn) };
}

function toCost({ usage, cost }: ModelAnswer, held: Amounts): Amounts {
  const { input, output } = usage;
  const isCounted = input !== null && output !== null;
  return {
    // What nobody counted cost what was held for it.
    micros: cost ?? held.micros,
    tokens: isCounted ? input + output : held.tokens,
    calls: 0,
  };
}

/** No faults of the answer: the wake comes again, and finds what was asked. */
const notTheModels = new Set(["store_unavailable", "draining", "run_taken", "record_unreadable"]);
/** Nothing was begun, so nothing is owed; of everything else nobody knows. */
const wasNotTaken = new Set(["model_busy", "model_unavailable", "model_refused", "price_unknown"]);
/** This request will never be answered. */
const forGood = new Set(["model_refused", "payload_too_large", "request_invalid"]);

export function isForGood({ code }: Fault): boolean {
  return forGood.has(code);
}

function isFree({ code, details }: Fault): boolean {
  return wasNotTaken.has(code) && details["isOwed"] !== true;
}

function toFailedCost(fault: Fault, held: Amounts): Amounts {
  return isFree(fault) ? nothing : held;
}

const toLarger = (one: Amounts, other: Amounts): Amounts => ({
  micros: Math.max(one.micros, other.micros),
  tokens: Math.max(one.tokens, other.tokens),
  calls: Math.max(one.calls, other.calls),
});

function toModelFault(error: unknown): Fault {
  if (error instanceof LeftBehind) return new Fault("deadline_exceeded", error.message);
  if (error instanceof Fault && !notTheModels.has(error.code)) return error;
  throw error;
}

/** It is asked again after a while, or its run is over. */
export async function noteFailure(
  work: Work,
  { answer: error, step, cost }: HeldAnswer<Fault>,
): Promise<void> {
  const { journal, options } = work;
  const atMs = options.clock.nowMs();
  const { code } = error;
  const failed = { v: 1, type: "model.failed", atMs, step, code, cost } as const;
  const isOver = isForGood(error) || code === "price_unknown";
  const retryAtMs = isOver ? null : atMs + toPauseMs(error, journal.view.failures);
  await journal.note({ events: [{ ...failed, retryAtMs }] });
  if (code === "price_unknown") throw new StopRun("budget", error.message);
  if (isOver) await fail(work, code, error.message);
}

function toPauseMs({ details }: Fault, failures: number): number {
  const { retryAfterMs } = details;
  const isTold = typeof retryAfterMs === "number" && retryAfterMs >= 0;
  if (isTold) return Math.ceil(Math.min(retryAfterMs, longestRetryMs));
  return Math.min(firstPauseMs * 2 ** failures, longestPauseMs);
}
