import type { Json } from "../lib/strict-json.ts";
import { RpcRefusal } from "../mcp/rpc-error.ts";
import { Fault } from "../model/index.ts";
import type { Catalog, Effect } from "../ports/catalog.ts";
import type { Clock } from "../ports/clock.ts";
import type { GateAnswer } from "../ports/gate.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { UpstreamAnswer } from "../ports/upstream.ts";
import type { Call, Opened } from "./call.ts";
import { renderConsent } from "./consent.ts";
import { countToolCall } from "./count-tool-call.ts";
import type { Exchanged } from "./exchange.ts";
import { handOver, withholdQuestion, type HandedOver } from "./hand-over.ts";
import type { Recorder } from "./record.ts";
import type { Outcome } from "./outcome.ts";
import { renderAsks } from "./render.ts";

export interface EndingParts {
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly recorder: Recorder;
  readonly catalog: () => Catalog;
}
type SettleParts = Pick<EndingParts, "clock" | "telemetry" | "recorder">;

/** Whatever becomes of it, an ended call has one outcome entry before its answer leaves. */
export async function end(
  parts: EndingParts,
  opened: Opened,
  work: () => Promise<Exchanged>,
): Promise<GateAnswer> {
  let exchanged: Exchanged;
  try {
    exchanged = await work();
  } catch (error) {
    await fail(parts, opened, error);
    throw error;
  }
  try {
    return await finish(parts, opened, exchanged);
  } catch (error) {
    // It was sent, and its caller does not hear what came of it.
    if (opened.call.effect !== "read" && !opened.noted.isUnsent) noteDoubt(error);
    throw error;
  }
}

async function finish(
  parts: EndingParts,
  opened: Opened,
  exchanged: Exchanged,
): Promise<GateAnswer> {
  const { clock, telemetry } = parts;
  const { call, words } = opened;
  if (exchanged.kind === "asks") return endAsking(parts, opened, exchanged);
  if (exchanged.kind === "consent") {
    const answer = renderConsent(call, exchanged);
    await settleConsent(parts, opened, answer);
    return answer;
  }
  const { answer, endpoint } = exchanged;
  const outcome = isFailed(answer) ? "tool_error" : "answered";
  let handed: HandedOver;
  let reason: string | null;
  try {
    // Before its content is handed over, whatever the answer is: an error has words as well.
    const labelled = words.kept();
    if (labelled !== undefined) await labelled;
    telemetry.observe("gate_call_seconds", (clock.monotonicMs() - call.startedMs) / 1_000);
    handed = handOver(parts, call, answer);
    reason = handed.isWithheld ? "withheld" : toReason(call, answer);
  } catch (error) {
    const lost = { reason: notHandedOver, result: null, handed: toLost(error) };
    await settle(parts, opened, { outcome, ...lost, endpoint });
    throw error;
  }
  const { answer: rendered, result, redacted } = handed;
  const ending: Ending = { outcome, reason, result, redacted, endpoint, handed: rendered };
  const settled = settle(parts, opened, ending);
  if (settled !== undefined) await settled;
  return rendered;
}

/** It was carried out, and its caller does not hear of it. */
const notHandedOver = "not_handed_over";

/** What is kept for whoever reads later how it ended: a result, since the call was made. */
function toLost(error: unknown): GateAnswer {
  const text = `The call was made, and its answer is lost: ${toWords(error)}`;
  const content = [{ type: "text", text }];
  const result = { resultType: "complete", content, isError: true };
  return { kind: "result", text: JSON.stringify(result), isError: true };
}

/** What its caller hears of an error; of one that is none of ours, nothing. */
function toWords(error: unknown): string {
  const isOurs = error instanceof Fault || error instanceof RpcRefusal;
  return isOurs ? error.message : "The call was broken off.";
}

/** What the server has ended by asking is an answer; a parked call has not ended. */
async function endAsking(
  parts: EndingParts,
  opened: Opened,
  { inputRequests, state, isParked }: Extract<Exchanged, { kind: "asks" }>,
): Promise<GateAnswer> {
  const ending = { outcome: "answered", result: null, endpoint: null } as const;
  try {
    const labelled = opened.words.kept();
    if (labelled !== undefined) await labelled;
  } catch (error) {
    const lost = { reason: notHandedOver, handed: toLost(error) };
    if (!isParked) await settle(parts, opened, { ...ending, ...lost });
    throw error;
  }
  const withheld = withholdQuestion(parts, opened.call);
  const reason = withheld === null ? "input_required" : "withheld";
  const { result = null, redacted } = withheld ?? {};
  const handed = withheld?.answer ?? renderAsks(inputRequests, state);
  if (!isParked) await settle(parts, opened, { ...ending, reason, result, redacted, handed });
  return handed;
}

/** Nothing was sent, but for what the server was sent before it asked. */
function settleConsent(
  parts: SettleParts,
  opened: Opened,
  handed: GateAnswer,
): Promise<void> | void {
  const { call, noted } = opened;
  noted.isUnsent = !noted.wasReceived;
  const outcome = noted.wasReceived && call.effect !== "read" ? "unknown" : "denied";
  return settle(parts, opened, {
    outcome,
    reason: "consent_required",
    result: null,
    handed,
    endpoint: null,
  });
}

async function fail(parts: EndingParts, opened: Opened, error: unknown): Promise<void> {
  const failure = toFailure(opened, error);
  const isOpen = failure.outcome === "unknown";
  if (isOpen) noteDoubt(error);
  try {
    const handed = toWords(error);
    await settle(parts, opened, { ...failure, result: null, handed, endpoint: null });
    // What was handed on before has its label; what waits for one goes before the fault.
    const labelled = opened.words.isBegun ? opened.words.kept() : undefined;
    if (labelled !== undefined) await labelled;
  } catch (worse) {
    // Its caller hears this instead.
    if (isOpen) noteDoubt(worse);
    throw worse;
  }
}

/** Of calls with an effect that may have happened. */
const doubtful = new WeakSet<Error>();

function noteDoubt(error: unknown): void {
  if (error instanceof Error) doubtful.add(error);
}

export function leftDoubt(error: unknown): boolean {
  return error instanceof Error && doubtful.has(error);
}

function isFailed(answer: UpstreamAnswer): boolean {
  return answer.kind === "error" || answer.value["isError"] === true;
}

function toReason(call: Call, answer: UpstreamAnswer): string | null {
  return answer.kind === "error" ? `rpc:${answer.error.code}` : checkOutput(call, answer.value);
}

/** A result that does not fit the tool's own schema is passed on, and marked in its entry. */
function checkOutput({ tool }: Call, value: Readonly<Record<string, Json>>): string | null {
  if (tool === null || tool.output === null || value["isError"] === true) return null;
  const { structuredContent } = value;
  if (structuredContent === undefined) return "output_missing";
  return tool.output(structuredContent).length === 0 ? null : "output_mismatch";
}

type Ending = Pick<Outcome, "outcome" | "reason" | "result" | "handed" | "redacted" | "endpoint">;

function settle(
  { recorder, clock, telemetry }: SettleParts,
  { call, of, noted }: Opened,
  ending: Ending,
): Promise<void> | void {
  telemetry.count("gate_calls", { outcome: ending.outcome });
  const upstreamUs = Math.max(
    0,
    Math.round((clock.monotonicMs() - call.startedMs) * 1_000) - call.queuedUs,
  );
  // Who asked back waited for its client.
  const tookMs = noted.wasReceived ? null : upstreamUs / 1_000;
  countToolCall(telemetry, call, { ...ending, tookMs });
  return recorder.outcome({
    ...ending,
    call,
    intent: call.intent,
    of,
    credential: noted.credential,
    sandbox: noted.sandbox?.() ?? null,
    queuedUs: call.queuedUs,
    upstreamUs,
    keeps: call.approval !== null || call.own.key !== null,
  });
}

/** Faults after which an effect certainly did not happen. */
const notDone = new Set([
  "call_late",
  "caller_busy",
  "tool_blocked",
  "upstream_unreachable",
  "upstream_open",
  "upstream_busy",
  "sandbox_missing",
  "sandbox_failed",
  "address_refused",
  "secret_unresolved",
  "credential_refused",
  "credential_unavailable",
  "credential_rejected",
  "frozen",
  "freeze_unknown",
  "budget_exhausted",
  "price_unknown",
  "tenant_busy",
]);

export function wasNotSent(error: unknown): boolean {
  return error instanceof Fault && notDone.has(error.code);
}

/** I4: an effect that may have happened is `unknown`, whatever the client is told. */
function toFailure({ call, noted }: Opened, error: unknown): Pick<Outcome, "outcome" | "reason"> {
  const reason =
    error instanceof Fault
      ? error.code
      : error instanceof RpcRefusal
        ? `rpc:${error.code}`
        : "cancelled";
  const isOpen = mayBeDone(call.effect, noted.wasReceived ? "received" : reason);
  return { outcome: isOpen ? "unknown" : "fault", reason };
}

export function mayBeDone(effect: Effect, reason: string): boolean {
  return effect !== "read" && !notDone.has(reason);
}

/** The end of a parked call that nobody came back for. */
export function settleParked(parts: SettleParts, opened: Opened, reason: Fault): Promise<void> {
  const failure = toFailure(opened, reason);
  const ending = { ...failure, result: null, handed: reason.message, endpoint: null };
  return Promise.resolve(settle(parts, opened, ending));
}
