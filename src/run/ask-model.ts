import { nothing, reserveBudget, type Amounts, type Estimate } from "../model/budget.ts";
import type { ModelUsage } from "../model/model-usage.ts";
import { Fault, type Digest } from "../model/index.ts";
import { maxCallsPerTurn, type PlannedCall, type RunEvent } from "../model/run-event.ts";
import type {
  ModelCall,
  ModelEvent,
  ModelRequest,
  ModelStop,
  RefusedCall,
} from "../ports/model-backend.ts";
import { assemble } from "./assemble.ts";
import type { Answered, Result } from "./content-kinds.ts";
import { fail } from "./finish.ts";
import { holdShared, isPriced, settleShared, StopRun } from "./hold.ts";
import { inTime, LeftBehind } from "./in-time.ts";
import { toEffect } from "./offered-tools.ts";
import type { Work } from "./worker.ts";

/** A model that writes for longer than this is not waited for. */
const longestAnswerMs = 600_000;
const firstPauseMs = 1_000;
const longestPauseMs = 60_000;
/** Whoever says that it is away for longer is asked all the same. */
const longestRetryMs = 3_600_000;

/** One turn of the model: held for, asked, noted with what it wants done. */
export async function askModel(work: Work): Promise<void> {
  const { options, journal, built } = work;
  const { models, clock } = options;
  const { view } = journal;
  const { request, snapshot, digest } = await assemble(work);
  const { alias } = built.bundle.model;
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
    events: [
      { v: 1, type: "model.asked", atMs: clock.nowMs(), step, context: digest, held, snapshot },
    ],
  });
  const answer = await stream(work, { request, priced }).catch(toModelFault);
  // A cut one has no end of its own; one that came all the same is taken.
  if (answer instanceof Fault && work.cut.aborted) return;
  const cost = answer instanceof Fault ? toFailedCost(answer, held) : toCost(answer, held);
  // Before it is noted: whoever dies in between counts what was held, and this stands.
  await settleShared(work, slot, cost);
  if (answer instanceof Fault) await noteFailure(work, { error: answer, step, cost });
  else await noteAnswer(work, { answer, step, cost });
}

/** Tokens are at least one byte each: so many bytes are never more tokens. */
function toEstimate(micros: number | null, request: ModelRequest): Estimate {
  const input = Buffer.byteLength(JSON.stringify(request));
  return { micros, tokens: input + request.parameters.maxTokens, calls: 0 };
}

export function toBudgetWords({ over, reason }: { over: string; reason: string }): string {
  return reason === "unknown_price"
    ? `There is a cap of ${over}, and nobody knows the price.`
    : `The cap of ${over} is reached.`;
}

interface ModelAnswer {
  readonly text: string;
  readonly calls: readonly (ModelCall | RefusedCall)[];
  readonly stop: ModelStop;
  readonly usage: ModelUsage;
  readonly backend: string;
  readonly prices: Digest;
  readonly cost: number | null;
}

interface Streaming {
  readonly request: ModelRequest;
  readonly priced: boolean;
}

async function stream(work: Work, { request, priced }: Streaming): Promise<ModelAnswer> {
  const { options, built, journal, cut } = work;
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
  const ask = { alias: built.bundle.model.alias, priced, signal: cut, deadlineMs, onEvent };
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

interface Answering {
  readonly answer: ModelAnswer;
  readonly step: number;
  readonly cost: Amounts;
}

async function noteAnswer(work: Work, { answer, step, cost }: Answering): Promise<void> {
  const { contents, journal, options, built } = work;
  const { stop, usage, backend, prices, text } = answer;
  const atMs = options.clock.nowMs();
  const catalog = options.catalog();
  const planned = await Promise.all(
    answer.calls.map(async (call): Promise<PlannedCall & { readonly why: string | null }> => {
      const tool = toName(call.name ?? "");
      const { effect, why } =
        "kind" in call
          ? { effect: "refused" as const, why: `It is not carried out: ${flaws[call.reason]}.` }
          : toEffect(tool, built.bundle, catalog);
      const args = await contents.hashArgs("kind" in call ? call.text : call.args);
      return { tool, args, effect, why };
    }),
  );
  const said = await contents.make({
    text,
    calls: answer.calls.map((call) => ({
      name: toName(call.name ?? ""),
      args: "kind" in call ? "{}" : call.args,
    })),
  } satisfies Answered);
  const refused = await Promise.all(
    planned.flatMap(({ why }, ordinal) =>
      why === null ? [] : [refuse(work, { step, ordinal, why, atMs })],
    ),
  );
  const calls = planned.map(({ tool, args, effect }): PlannedCall => ({ tool, args, effect }));
  const responded: RunEvent = {
    v: 1,
    type: "model.responded",
    atMs,
    step,
    backend,
    response: said.id,
    stop,
    calls,
    usage,
    prices,
    cost,
  };
  await journal.note({
    events: [responded, ...refused.map(({ event }) => event)],
    blobs: [said, ...refused.map(({ blob }) => blob)],
  });
}

/** Names are shown and kept: one that a model made up is kept in bounds. */
function toName(name: string): string {
  return name === "" ? "(none)" : name.slice(0, 256).toWellFormed();
}

const flaws: Readonly<Record<RefusedCall["reason"], string>> = {
  not_json: "its arguments are not JSON",
  not_object: "its arguments are not an object",
  too_large: "its arguments are too large",
  duplicate_id: "two calls have the same id",
  unnamed: "it names no tool",
  mixed: "it is mixed up with another call",
};

interface Refusing {
  readonly step: number;
  readonly ordinal: number;
  readonly why: string;
  readonly atMs: number;
}

async function refuse({ contents }: Work, { step, ordinal, why, atMs }: Refusing) {
  const blob = await contents.make({ text: why, isError: true, raw: null } satisfies Result);
  const event: RunEvent = {
    v: 1,
    type: "call.ended",
    atMs,
    step,
    ordinal,
    entry: null,
    outcome: "tool_error",
    result: blob.id,
    cost: nothing,
  };
  return { blob, event };
}

/** No faults of the answer: the wake comes again, and finds what was asked. */
const notTheModels = new Set(["store_unavailable", "draining", "run_taken", "record_unreadable"]);
/** Nothing was begun, so nothing is owed; of everything else nobody knows. */
const wasNotTaken = new Set(["model_busy", "model_unavailable", "model_refused", "price_unknown"]);
/** This request will never be answered. */
const isForGood = new Set(["model_refused", "payload_too_large", "request_invalid"]);

function toFailedCost({ code }: Fault, held: Amounts): Amounts {
  return wasNotTaken.has(code) ? nothing : held;
}

function toModelFault(error: unknown): Fault {
  if (error instanceof LeftBehind) return new Fault("deadline_exceeded", error.message);
  if (error instanceof Fault && !notTheModels.has(error.code)) return error;
  throw error;
}

interface Failing {
  readonly error: Fault;
  readonly step: number;
  readonly cost: Amounts;
}

async function noteFailure(work: Work, { error, step, cost }: Failing): Promise<void> {
  const { journal, options } = work;
  const atMs = options.clock.nowMs();
  const { code } = error;
  const failed = { v: 1, type: "model.failed", atMs, step, code, cost } as const;
  const isOver = isForGood.has(code) || code === "price_unknown";
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
