import { fromEntryBytes, type Entry } from "../model/entry.ts";
import { toEntrySpanId, toEntryTraceId } from "../model/trace-context.ts";
import type { EndedSpan } from "../model/span.ts";
import type { Attributes } from "../model/span-attributes.ts";
import { toCostAttributes, toUsageAttributes } from "./usage-attributes.ts";

type EntryOf<Kind extends Entry["kind"]> = Extract<Entry, { kind: Kind }>;

/**
 * The span of what happened outside of runs: a call that somebody made, an answer of a model. Null: the
 * entry tells of something else, or its run does. Every such call comes by here, so of an ordinary outcome only
 * what its span says is looked at; whether an entry is whole is a matter of those who verify the ledger. Throws
 * `record_unreadable` for bytes that are no entry.
 */
export function projectEntry(bytes: Uint8Array): EndedSpan | null {
  const given = parsePlain(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString());
  if (isOutcome(given)) return toCall(given);
  const entry = fromEntryBytes(bytes);
  return entry.kind === "completion" ? toChat(entry) : null;
}

function parsePlain(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

type Outcome = Pick<
  EntryOf<"outcome">,
  "id" | "atMs" | "server" | "tool" | "outcome" | "reason" | "timings" | "of" | "trace"
>;

function isOutcome(given: unknown): given is Outcome {
  if (typeof given !== "object" || given === null) return false;
  const entry = given as Readonly<Record<string, unknown>>;
  const { timings } = entry;
  return (
    entry["kind"] === "outcome" &&
    entry["v"] === 1 &&
    entry["run"] === null &&
    typeof timings === "object" &&
    timings !== null &&
    isCount((timings as Outcome["timings"]).queuedUs) &&
    isCount((timings as Outcome["timings"]).upstreamUs) &&
    isCount(entry["atMs"]) &&
    [entry["id"], entry["server"], entry["outcome"]].every((text) => typeof text === "string") &&
    [entry["tool"], entry["reason"], entry["of"], entry["trace"]].every(isTextOrNull)
  );
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isTextOrNull(value: unknown): boolean {
  return value === null || typeof value === "string";
}

function toCall(entry: Outcome): EndedSpan {
  const { server, tool, outcome, reason, timings, atMs } = entry;
  const tookMs = (timings.queuedUs + timings.upstreamUs) / 1_000;
  const isError = outcome !== "answered";
  return {
    ...toBase(entry, tookMs),
    name: tool === null ? `execute ${server}` : `execute_tool ${tool}`,
    isError,
    endMs: atMs,
    attributes: {
      "gen_ai.operation.name": "execute_tool",
      "openinference.span.kind": "TOOL",
      ...(tool === null
        ? {}
        : { "gen_ai.tool.name": tool, "tool.name": tool, "mcp.method.name": "tools/call" }),
      "countersign.server": server,
      "countersign.entry": entry.of ?? entry.id,
      "countersign.outcome": outcome,
      "countersign.is_error": isError,
      "countersign.active_ms": Math.round(tookMs),
      ...(isError ? { "error.type": reason ?? outcome } : {}),
    },
  };
}

function toChat(entry: EntryOf<"completion">): EndedSpan {
  const { model, backend, outcome, reason, usage, cost, tookMs, agent, atMs } = entry;
  const isError = outcome !== "answered";
  const said: Attributes = {
    "gen_ai.operation.name": "chat",
    "openinference.span.kind": "LLM",
    "gen_ai.request.model": model,
    "llm.model_name": model,
    ...(backend === null ? {} : { "gen_ai.provider.name": backend }),
    ...(agent === null ? {} : { "gen_ai.agent.name": agent }),
    ...toUsageAttributes(usage),
    ...(cost === null ? {} : toCostAttributes(cost.micros)),
    "countersign.entry": entry.id,
    "countersign.outcome": outcome,
    ...(isError ? { "error.type": reason ?? outcome } : {}),
  };
  return {
    ...toBase(entry, tookMs),
    name: `chat ${model}`,
    isError,
    endMs: atMs,
    attributes: said,
  };
}

/** An entry keeps the caller's trace and not its span: it stands in that trace with nothing above it. */
function toBase(entry: Pick<Outcome, "id" | "atMs" | "trace">, tookMs: number) {
  const { id, atMs, trace } = entry;
  return {
    traceId: trace !== null && traceShape.test(trace) ? trace : toEntryTraceId(id),
    spanId: toEntrySpanId(id),
    parentSpanId: null,
    kind: "client",
    startMs: Math.max(0, atMs - tookMs),
    endSeq: 0,
    texts: { input: null, output: null },
  } as const;
}

const traceShape = /^(?!0{32})[0-9a-f]{32}$/;
