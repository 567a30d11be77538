import { createHash } from "node:crypto";
import type { KeepReason } from "../model/config-telemetry.ts";
import type { Span } from "../model/span.ts";

export interface KeepRules {
  readonly always: readonly KeepReason[];
  /** From 0 to 1. */
  readonly share: number;
  readonly slowMs: number;
  readonly expensiveMicros: number;
}

/**
 * Whether a trace is kept, by its spans up to now. What was a reason stays one: a trace that is kept is never
 * not kept later, so nobody has to remember what was decided.
 */
export function isKept(trace: string, spans: readonly Span[], rules: KeepRules): boolean {
  if (rules.share >= 1) return true;
  return toShare(trace) < rules.share || rules.always.some((reason) => shows[reason](spans, rules));
}

/** From 0 up to 1, the same for a trace wherever it is asked. */
export function toShare(trace: string): number {
  const bytes = createHash("sha256").update(`share\n${trace}`).digest();
  return bytes.readUIntBE(0, 6) / 2 ** 48;
}

const shows: Readonly<Record<KeepReason, (spans: readonly Span[], rules: KeepRules) => boolean>> = {
  errors: (spans) => spans.some((span) => span.isError && !isDenied(span)),
  denials: (spans) => spans.some(isDenied),
  asks: (spans) => spans.some(isAsk),
  slow: (spans, { slowMs }) => spans.some((span) => toActiveMs(span) >= slowMs),
  expensive: (spans, { expensiveMicros }) =>
    Math.round(sum(spans.map(toCost)) * 1_000_000) >= expensiveMicros,
};

function isDenied({ attributes }: Span): boolean {
  const { "countersign.outcome": outcome, "countersign.decision": decision } = attributes;
  return outcome === "denied" || decision === "denied";
}

function isAsk({ attributes }: Span): boolean {
  const { "countersign.wait": wait, "countersign.outcome": outcome } = attributes;
  return wait === "approval" || wait === "credential" || outcome === "expired";
}

/** Without what it waited for people and times; 0: that is not known, or it is no work of its own. */
function toActiveMs({ kind, startMs, endMs, attributes }: Span): number {
  const { "countersign.active_ms": activeMs, "openinference.span.kind": what } = attributes;
  if (activeMs !== undefined) return activeMs;
  return kind === "client" && what === "LLM" && endMs !== null ? endMs - startMs : 0;
}

function toCost({ attributes }: Span): number {
  return attributes["gen_ai.usage.cost"] ?? 0;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
