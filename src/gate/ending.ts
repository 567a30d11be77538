import type { Json } from "../lib/strict-json.ts";
import { RpcRefusal } from "../mcp/rpc-error.ts";
import { Fault } from "../model/index.ts";
import type { Effect } from "../ports/catalog.ts";
import type { Clock } from "../ports/clock.ts";
import type { GateAnswer } from "../ports/gate.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { Call, Opened } from "./call.ts";
import type { Exchanged } from "./exchange.ts";
import type { Labels } from "./labels.ts";
import type { Outcome, Recorder } from "./record.ts";
import { renderAsks, renderResult } from "./render.ts";

export interface EndingParts {
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly recorder: Recorder;
  readonly labels: Pick<Labels, "after">;
}

/** Whatever becomes of it, an ended call has one outcome entry before its answer leaves. */
export async function end(
  parts: EndingParts,
  opened: Opened,
  work: () => Promise<Exchanged>,
): Promise<GateAnswer> {
  const { clock, telemetry } = parts;
  const { call } = opened;
  let exchanged: Exchanged;
  try {
    exchanged = await work();
  } catch (error) {
    await settle(parts, opened, { ...toFailure(opened, error), result: null, endpoint: null });
    throw error;
  }
  if (exchanged.kind === "asks") {
    // What the server has ended by asking is an answer; a parked call has not ended.
    if (!exchanged.isParked)
      await settle(parts, opened, {
        outcome: "answered",
        reason: "input_required",
        result: null,
        endpoint: null,
      });
    return renderAsks(exchanged.inputRequests, exchanged.state);
  }
  const { answer, endpoint } = exchanged;
  // Before its content is handed over, whatever the answer is: an error has words as well.
  const labelled = parts.labels.after(call);
  if (labelled !== undefined) await labelled;
  telemetry.observe("gate_call_seconds", (clock.monotonicMs() - call.startedMs) / 1_000);
  if (answer.kind === "error") {
    await settle(parts, opened, {
      outcome: "tool_error",
      reason: `rpc:${answer.error.code}`,
      result: null,
      endpoint,
    });
    return answer;
  }
  const rendered = renderResult(call, answer);
  const outcome = answer.value["isError"] === true ? "tool_error" : "answered";
  const settled = settle(parts, opened, {
    outcome,
    reason: checkOutput(call, answer.value),
    result: answer.text,
    endpoint,
  });
  if (settled !== undefined) await settled;
  return rendered;
}

/** A result that does not fit the tool's own schema is passed on, and marked in its entry. */
function checkOutput({ tool }: Call, value: Readonly<Record<string, Json>>): string | null {
  if (tool === null || tool.output === null || value["isError"] === true) return null;
  const { structuredContent } = value;
  if (structuredContent === undefined) return "output_missing";
  return tool.output(structuredContent).length === 0 ? null : "output_mismatch";
}

type Ending = Pick<Outcome, "outcome" | "reason" | "result" | "endpoint">;

function settle(
  { recorder, clock, telemetry }: Omit<EndingParts, "labels">,
  { call, of }: Opened,
  ending: Ending,
): Promise<void> | void {
  telemetry.count("gate_calls", { outcome: ending.outcome });
  const upstreamUs = Math.max(
    0,
    Math.round((clock.monotonicMs() - call.startedMs) * 1_000) - call.queuedUs,
  );
  return recorder.outcome({
    ...ending,
    call,
    intent: call.intent,
    of,
    queuedUs: call.queuedUs,
    upstreamUs,
  });
}

/** Faults after which an effect certainly did not happen. */
const notDone = new Set([
  "caller_busy",
  "tool_blocked",
  "upstream_unreachable",
  "upstream_open",
  "upstream_busy",
  "address_refused",
  "secret_unresolved",
]);

/** I4: an effect that may have happened is `unknown`, whatever the client is told. */
function toFailure({ call }: Opened, error: unknown): Pick<Outcome, "outcome" | "reason"> {
  const reason =
    error instanceof Fault
      ? error.code
      : error instanceof RpcRefusal
        ? `rpc:${error.code}`
        : "cancelled";
  return { outcome: mayBeDone(call.effect, reason) ? "unknown" : "fault", reason };
}

export function mayBeDone(effect: Effect, reason: string): boolean {
  return effect !== "read" && !notDone.has(reason);
}

/** The end of a parked call that nobody came back for. */
export function settleParked(
  parts: Omit<EndingParts, "labels">,
  opened: Opened,
  reason: Fault,
): Promise<void> {
  const failure = toFailure(opened, reason);
  return Promise.resolve(settle(parts, opened, { ...failure, result: null, endpoint: null }));
}
