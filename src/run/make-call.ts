import { nothing, reserveBudget } from "../model/budget.ts";
import { costOf } from "./call-cost.ts";
import { parseStrictJson, type Json } from "../lib/strict-json.ts";
import { isObject } from "../mcp/read-message.ts";
import { RpcRefusal, rpcCodes } from "../mcp/rpc-error.ts";
import { modernVersion } from "../mcp/protocol.ts";
import { readOwnOutcome, toHandedText } from "../mcp/own-outcome.ts";
import { Fault, type ApprovalId } from "../model/index.ts";
import { isOwnEffect } from "../model/run-event.ts";
import { toRunTrace, toSpanId, toTraceparent } from "../model/trace-context.ts";
import type { GateAnswer, GateRequest } from "../ports/gate.ts";
import { toBudgetWords } from "./budget-words.ts";
import { checkFacts } from "./check-facts.ts";
import { asAnswered } from "./content-kinds.ts";
import {
  endCall,
  hasTriesLeft,
  isPutOff,
  noteChild,
  noteDeferred,
  toChild,
  toConsent,
  toRunOfCall,
  toSoon,
  type MadeCall,
} from "./end-call.ts";
import { findTools } from "./find-tools.ts";
import { holdShared, StopRun, toCallSlot } from "./hold.ts";
import { inTime, LeftBehind } from "./in-time.ts";
import { toToolset } from "./offered-tools.ts";
import { findCall, type CallView } from "./view.ts";
import { makeWait } from "./make-wait.ts";
import { readSkill } from "./read-skill.ts";
import type { Work } from "./worker.ts";

/** Longer than any tool may take; its own time is shorter. */
const longestCallMs = 3_600_000;
/** What is asked about again is not asked about at once. */
const soonMs = 1_000;

/** Makes one call of the run, or makes it again: through the gate, as everybody's. */
export async function makeCall(work: Work, call: CallView): Promise<void> {
  const { options, journal } = work;
  const { clock } = options;
  const trouble = journal.view.tools[call.tool];
  if (trouble !== undefined && clock.nowMs() < trouble.outUntilMs) {
    const text = `Tool unavailable: ${call.tool} failed ${trouble.failures} times in a row. It can be called again in ${toSeconds(trouble.outUntilMs - clock.nowMs())}.`;
    return endCall(work, call, { outcome: "unavailable", text, isFree: true });
  }
  const args = await readArgs(work, call);
  if (call.effect === "wait") return makeWait(work, call, args);
  if (call.effect === "skill") return readSkill(work, call, args);
  if (call.effect === "find") return findTools(work, call, args);
  const checked = await checkFacts(work, call, args);
  if (checked === null) return;
  await holdShared(work, toCallSlot(journal.view, call), costOf(work, call));
  const made = { ...checked, sinceMs: clock.monotonicMs() };
  try {
    await take(work, made, await exchange(work, made, args));
  } catch (error) {
    await fail(work, made, error);
  }
}

/** Its signal fires with the run's own, and it is not waited for beyond its time. */
async function exchange(work: Work, call: MadeCall, args: string): Promise<GateAnswer> {
  const { options, cut } = work;
  const cancel = new AbortController();
  const onCut = (): void => cancel.abort(cut.reason);
  if (cut.aborted) onCut();
  else cut.addEventListener("abort", onCut, { once: true });
  try {
    const request = toRequest(work, call, { args, cancel });
    const deadlineMs = options.clock.nowMs() + request.deadlineMs;
    return await inTime({ clock: options.clock, cut, deadlineMs }, () =>
      options.gate.exchange(request),
    );
  } finally {
    cut.removeEventListener("abort", onCut);
  }
}

function toSeconds(ms: number): string {
  return `${Math.ceil(ms / 1_000)} s`;
}

async function readArgs({ journal, contents }: Work, call: CallView): Promise<string> {
  const part = journal.view.context.find(
    ({ kind, step }) => kind === "response" && step === call.step,
  );
  if (part === undefined) throw new Error(`nothing asked for call ${call.step}/${call.ordinal}`);
  const [answered] = await contents.read([part.digest]);
  return asAnswered(answered!).calls[call.ordinal]!.args;
}

/**
 * Those that the run's own budget allows together: each counts before the next is asked about, so that
 * calls made at once pass a cap by one of them at most. None of them: the run stops.
 */
export function listAffordable(work: Work, calls: readonly CallView[]): readonly CallView[] {
  let { budget } = work.journal.view;
  const affordable: CallView[] = [];
  for (const call of calls) {
    const cost = isOwnEffect(call.effect) ? nothing : costOf(work, call);
    const reserved = reserveBudget(budget, cost);
    if (reserved.kind === "refused") {
      if (affordable.length === 0) throw new StopRun("budget", toBudgetWords(reserved));
      break;
    }
    budget = reserved.budget;
    affordable.push(call);
  }
  return affordable;
}

interface Sending {
  readonly args: string;
  readonly cancel: AbortController;
}

function toRequest(work: Work, call: MadeCall, { args, cancel }: Sending): GateRequest {
  const { options, journal, built, run } = work;
  const { principal, roles } = journal.view.created;
  const { deadlineMs } = journal.view;
  const parsed = parseStrictJson(args);
  if (parsed.kind === "refused")
    throw new Fault("request_invalid", `The arguments are refused: ${parsed.reason}.`);
  const again = call.again === 0 ? "" : `/${call.again}`;
  const key = `run:${run}/${call.step}/${call.ordinal}${again}`;
  const params: Readonly<Record<string, Json>> = {
    name: call.tool,
    arguments: parsed.value,
    _meta: { "dev.countersign/key": key, traceparent: toTraceOut(work, call) },
  };
  const leftMs = deadlineMs === null ? longestCallMs : deadlineMs - options.clock.nowMs();
  return {
    principal,
    roles,
    toolset: toToolset(built.bundle, call.tool),
    // What one of them has read, all runs of a tree may know.
    context: journal.view.created.root,
    method: "tools/call",
    params,
    argumentsText: args,
    client: { era: "modern", version: modernVersion, capabilities: {}, ask: null },
    cancel,
    deadlineMs: Math.max(1, Math.min(leftMs, longestCallMs)),
    onNotification: () => undefined,
    run: toRunOfCall(work, call),
  };
}

/** A server's own spans, and those of an agent that is called, become children of the call's. */
function toTraceOut({ run, journal }: Work, { step, ordinal, again }: CallView): string {
  const span = toSpanId({ run, subject: "call", step, ordinal, attempt: again });
  return toTraceparent({ trace: toRunTrace(journal.view.created), span });
}

/** What the gate said: an effect is in the log by then, and everything else is noted here. */
async function take(work: Work, call: MadeCall, answer: GateAnswer): Promise<void> {
  const { options } = work;
  if (isSettled(work, call)) return;
  const text = toHandedText(answer);
  const own = readOwnOutcome(answer);
  const child = call.effect === "agent" && own === null ? toChild({ text }) : null;
  if (child !== null) return noteChild(work, call, child);
  switch (own?.outcome) {
    case undefined: {
      const isError = answer.kind === "error" || answer.isError;
      return endCall(work, call, { outcome: isError ? "tool_error" : "answered", text });
    }
    case "asks": {
      const { approval = null, expiresAtMs = 0 } = own;
      // Not at once, even where the clocks disagree.
      const untilMs = Math.max(expiresAtMs, options.clock.nowMs() + soonMs);
      return noteDeferred(work, call, {
        for: "approval",
        approval: approval as ApprovalId | null,
        name: null,
        untilMs,
      });
    }
    case "consent":
      return noteDeferred(work, call, toConsent(options.clock.nowMs()));
    case "unknown":
      return endCall(work, call, { outcome: "unknown", text });
    case "withheld":
    case "done_before":
      return endCall(work, call, { outcome: "answered", text, own: own.outcome });
    default:
      return endCall(work, call, { outcome: "denied", text });
  }
}

/** It has ended, is a child by now, or was put off with what the gate recorded. */
function isSettled({ journal, options }: Work, call: CallView): boolean {
  const { state } = findCall(journal.view, call) ?? call;
  if (state.kind === "deferred") return state.untilMs > options.clock.nowMs();
  return state.kind === "ended" || state.kind === "child";
}

/** Stops of the whole run, and what another try of this very call may mend. */
const notTheCalls = new Set(["store_unavailable", "draining", "run_taken"]);

async function fail(work: Work, call: MadeCall, error: unknown): Promise<void> {
  const { options } = work;
  // A cut call has no end of its own: what came of it is in the log, or it is made again.
  if (work.cut.aborted) return;
  if (error instanceof LeftBehind) return leave(work, call, error);
  if (error instanceof RpcRefusal && !isSettled(work, call))
    return endCall(work, call, {
      outcome: "tool_error",
      text: error.message,
      isMalformed: isOfArguments(error),
    });
  if (!(error instanceof Fault)) throw error;
  if (notTheCalls.has(error.code)) throw error;
  if (error.code === "freeze_unknown") return leaveForNow(work, call, error);
  if (isSettled(work, call)) return;
  const { details } = error;
  if (error.code === "frozen" && stopsRun(details["kind"])) {
    throw new StopRun("frozen", error.message);
  }
  if (error.code === "key_in_use") {
    const { retryAtMs } = details;
    const earliestMs = options.clock.nowMs() + soonMs;
    const isTold = typeof retryAtMs === "number" && Number.isSafeInteger(retryAtMs);
    const untilMs = isTold ? Math.max(retryAtMs, earliestMs) : earliestMs;
    return noteDeferred(work, call, { for: "timer", approval: null, name: null, untilMs });
  }
  if (notNow.has(error.code)) return lookAgain(work, call, error);
  if (isPutOff(work, call, error.code)) return noteDeferred(work, call, toSoon(work, call));
  const isMalformed = error.code === "request_invalid";
  return endCall(work, call, { outcome: "fault", text: error.message, isMalformed });
}

/** Its arguments were looked at, and found wrong: not so where the tool itself is gone. */
function isOfArguments({ code, data }: RpcRefusal): boolean {
  return code === rpcCodes.invalidParams && isObject(data) && data["problems"] !== undefined;
}

/** Nothing was sent: another call is changing the same thing, or it stood in line for too long. */
const notNow = new Set(["thing_in_use", "facts_stale"]);

async function lookAgain(work: Work, call: MadeCall, { message }: Fault): Promise<void> {
  if (hasTriesLeft(work, call)) return noteDeferred(work, call, toSoon(work, call));
  return endCall(work, call, { outcome: "unavailable", text: message, isFree: true });
}

/** What the gate had begun is put off by now; otherwise the wake comes again. */
function leaveForNow({ journal, options }: Work, call: CallView, error: Fault): void {
  const { state } = findCall(journal.view, call) ?? call;
  if (state.kind !== "deferred" || state.untilMs <= options.clock.nowMs()) throw error;
}

/** A gate that does not answer in time: with the run's deadline the run stops, and finds it again then. */
async function leave(work: Work, call: MadeCall, { message }: LeftBehind): Promise<void> {
  const { journal, options } = work;
  const { deadlineMs } = journal.view;
  if (deadlineMs !== null && options.clock.nowMs() >= deadlineMs) return;
  const { state, entry } = findCall(journal.view, call) ?? call;
  if (isSettled(work, call)) return;
  const outcome = state.kind === "started" || entry !== null ? "unknown" : "fault";
  return endCall(work, call, { outcome, text: message });
}

function stopsRun(kind: unknown): boolean {
  return kind === "agent" || kind === "tenant" || kind === "all";
}
