import type { CallRow } from "../ports/call-rows.ts";
import type { CatalogTool } from "../ports/catalog.ts";
import { otherTool } from "../ports/metric-entry.ts";
import type { LabelsOf } from "../ports/metrics.ts";
import { isToolLabel } from "../ports/sample.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { Call } from "./call.ts";
import type { Outcome } from "./outcome.ts";

interface Ended {
  readonly outcome: Outcome["outcome"];
  readonly reason: string | null;
  /** Null: it was not sent, or its client was waited for in between. */
  readonly tookMs: number | null;
}

/** A call of a tool that ended: its outcome, whether that is an error, and how long it took. */
export function countToolCall(
  telemetry: Telemetry,
  { tool }: Pick<Call, "tool">,
  { outcome, reason, tookMs }: Ended,
): void {
  if (tool === null) return;
  const labels = labelsOf(telemetry, tool);
  telemetry.count("tool_calls", labels.calls[outcome]);
  if (outcome === "denied" || outcome === "expired") return;
  const isOurs = reason !== null && notItsFault.has(reason);
  if (outcome !== "answered" && !isOurs)
    telemetry.count("tool_call_errors", labels.errors[outcome]);
  if (tookMs !== null && !isOurs)
    telemetry.observe("tool_call_seconds", tookMs / 1_000, labels.seconds);
}

/** A call of a replica that is gone; which tool it was is in its row. */
export function countLostCall(telemetry: Telemetry, row: Pick<CallRow, "server" | "tool">): void {
  if (row.tool === null) return;
  const labels = createLabels({ server: row.server, name: row.tool });
  telemetry.count("tool_calls", labels.calls.unknown);
  telemetry.count("tool_call_errors", labels.errors.unknown);
}

/** Faults that say nothing about a tool: its caller left, or people had stopped it. */
const notItsFault: ReadonlySet<string> = new Set(["cancelled", "frozen", "freeze_unknown"]);

type ToolLabels = ReturnType<typeof createLabels>;

/** Frozen and kept by tool: what a sample goes to is looked up once for each of them. */
const known = new WeakMap<CatalogTool, ToolLabels>();

function labelsOf(telemetry: Telemetry, tool: CatalogTool): ToolLabels {
  const found = known.get(tool);
  if (found !== undefined) return found;
  const made = createLabels(tool);
  known.set(tool, made);
  // From 0 on: of a series that begins with its first error no rate sees that one.
  for (const errors of Object.values(made.errors)) telemetry.count("tool_call_errors", errors, 0);
  return made;
}

function createLabels({ server, name }: Pick<CatalogTool, "server" | "name">) {
  const tool = { server, tool_name: isToolLabel(name) ? name : otherTool };
  const toCalls = (outcome: Outcome["outcome"]): LabelsOf<"tool_calls"> =>
    Object.freeze({ ...tool, outcome });
  const toErrors = (kind: LabelsOf<"tool_call_errors">["kind"]): LabelsOf<"tool_call_errors"> =>
    Object.freeze({ ...tool, kind });
  return {
    calls: {
      answered: toCalls("answered"),
      tool_error: toCalls("tool_error"),
      denied: toCalls("denied"),
      expired: toCalls("expired"),
      fault: toCalls("fault"),
      unknown: toCalls("unknown"),
    },
    errors: {
      tool_error: toErrors("tool_error"),
      fault: toErrors("fault"),
      unknown: toErrors("unknown"),
    },
    seconds: Object.freeze(tool) as LabelsOf<"tool_call_seconds">,
  };
}
