import type { z } from "zod";
import type { RunId } from "../model/index.ts";
import type { Span } from "../model/span.ts";
import type { TreeTrace } from "../sight/read-trace.ts";
import type { runSchemas } from "./run-schemas.ts";

/** Spans in the order in which they began; what a span holds is never a text of the run. */
export function toShownTrace(run: RunId, trace: TreeTrace): z.input<typeof runSchemas.RunTrace> {
  const spans = trace.runs.flatMap((each) => each.spans.map((span) => toShown(each.run, span)));
  return { id: run, trace: trace.runs[0]!.spans[0]!.traceId, cut: trace.isCut, spans };
}

function toShown(run: RunId, span: Span) {
  const { spanId, parentSpanId, name, kind, startMs, endMs, isError, attributes } = span;
  return {
    id: spanId,
    parent: parentSpanId,
    run,
    name,
    kind,
    start: new Date(startMs).toISOString(),
    end: endMs === null ? null : new Date(endMs).toISOString(),
    error: isError,
    attributes: Object.fromEntries(
      Object.entries(attributes).map(([key, value]) => [
        key,
        typeof value === "object" ? [...value] : value,
      ]),
    ),
  };
}
