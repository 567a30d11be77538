import { reserveBudget, type Amounts } from "../model/budget.ts";
import { costOf } from "./call-cost.ts";
import { parseStrictJson, type Json } from "../lib/strict-json.ts";
import { RpcRefusal } from "../mcp/rpc-error.ts";
import { modernVersion } from "../mcp/protocol.ts";
import { readOwnOutcome, toHandedText } from "../mcp/own-outcome.ts";
import { Fault, type ApprovalId } from "../model/index.ts";
import type { GateAnswer, GateRequest } from "../ports/gate.ts";
import { toBudgetWords } from "./ask-model.ts";
import { asAnswered } from "./content-kinds.ts";
import { endCall, noteDeferred, toConsent, toRunOfCall } from "./end-call.ts";
import { holdShared, settleShared, StopRun } from "./hold.ts";
import { findTool } from "./offered-tools.ts";
import { isEnded, isSameCall, type CallView, type RunView } from "./view.ts";
import { makeWait } from "./make-wait.ts";
import type { Work } from "./worker.ts";

/** Longer than any tool may take; its own time is shorter. */
const longestCallMs = 3_600_000;

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
  const cost = reserve(work, call);
  const slot = `call:${call.step}:${call.ordinal}:${journal.view.asks}`;
  await holdShared(work, slot, cost);
  try {
    const answer = await options.gate.exchange(toRequest(work, call, args));
    await take(work, call, answer);
  } catch (error) {
    await fail(work, call, error);
  }
  if (hasEnded(journal.view, call)) await settleShared(work, slot, cost);
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

function reserve(work: Work, call: CallView): Amounts {
  const cost = costOf(work, call);
  const reserved = reserveBudget(work.journal.view.budget, cost);
  if (reserved.kind === "reserved") return cost;
  throw new StopRun("budget", toBudgetWords(reserved));
}

function toRequest(work: Work, call: CallView, args: string): GateRequest {
  const { options, journal, built, run, cut } = work;
  const { principal, roles } = journal.view.created;
  const { deadlineMs } = journal.view;
  const cancel = new AbortController();
  if (cut.aborted) cancel.abort(cut.reason);
  else cut.addEventListener("abort", () => cancel.abort(cut.reason), { once: true });
  const parsed = parseStrictJson(args);
  if (parsed.kind === "refused")
    throw new Fault("request_invalid", `The arguments are refused: ${parsed.reason}.`);
  const key = `run:${run}/${call.step}/${call.ordinal}`;
  const params: Readonly<Record<string, Json>> = {
    name: call.tool,
    arguments: parsed.value,
    _meta: { "dev.countersign/key": key },
  };
  const leftMs = deadlineMs === null ? longestCallMs : deadlineMs - options.clock.nowMs();
  return {
    principal,
    roles,
    toolset: built.bundle.toolset,
    context: run,
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

/** What the gate said: an effect is in the log by then, and everything else is noted here. */
async function take(work: Work, call: CallView, answer: GateAnswer): Promise<void> {
  const { journal, options } = work;
  if (isSettled(journal.view, call)) return;
  const text = toHandedText(answer);
  const own = readOwnOutcome(answer);
  switch (own?.outcome) {
    case undefined: {
      const isError = answer.kind === "error" || answer.isError;
      return endCall(work, call, { outcome: isError ? "tool_error" : "answered", text });
    }
    case "asks": {
      const { approval = null, expiresAtMs = 0 } = own!;
      const untilMs = expiresAtMs;
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
      return endCall(work, call, { outcome: "answered", text });
    default:
      return endCall(work, call, { outcome: "denied", text });
  }
}

/** It has ended, is a child by now, or waits. */
function isSettled(view: RunView, call: CallView): boolean {
  const { state } = find(view, call);
  return state.kind === "ended" || state.kind === "child";
}

function hasEnded(view: RunView, call: CallView): boolean {
  return isEnded(find(view, call));
}

function find({ turn, effects }: RunView, call: CallView): CallView {
  return [...(turn?.calls ?? []), ...effects].find((each) => isSameCall(each, call)) ?? call;
}

/** Stops of the whole run, and what another try of this very call may mend. */
const notTheCalls = new Set(["store_unavailable", "draining", "run_taken"]);

async function fail(work: Work, call: CallView, error: unknown): Promise<void> {
  const { journal, options } = work;
  // A cut call has no end of its own: what came of it is in the log, or it is made again.
  if (work.cut.aborted) return;
  if (error instanceof RpcRefusal && !isSettled(journal.view, call))
    return endCall(work, call, { outcome: "tool_error", text: error.message });
  if (!(error instanceof Fault)) throw error;
  if (notTheCalls.has(error.code)) throw error;
  if (isSettled(journal.view, call)) return;
  const { details } = error;
  if (error.code === "frozen" && stopsRun(details["kind"])) {
    throw new StopRun("frozen", error.message);
  }
  if (error.code === "key_in_use") {
    const { retryAtMs } = details;
    const soonMs = options.clock.nowMs() + 1_000;
    const untilMs = typeof retryAtMs === "number" ? Math.max(retryAtMs, soonMs) : soonMs;
    return noteDeferred(work, call, { for: "timer", approval: null, name: null, untilMs });
  }
  return endCall(work, call, { outcome: "fault", text: error.message });
}

function stopsRun(kind: unknown): boolean {
  return kind === "agent" || kind === "tenant" || kind === "all";
}
