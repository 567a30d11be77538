import { addSpan, endSpan, keep, tell, type RunBook } from "./run-book.ts";
import { mockDigest } from "./mock-world.ts";

export interface MockCall {
  readonly tool: string;
  readonly effect: "read" | "write" | "agent";
  readonly args: object;
}

export interface MockAnswer {
  readonly step: number;
  readonly tookMs: number;
  readonly text?: string;
  readonly calls?: readonly MockCall[];
  readonly input: number;
  readonly cached: number;
  readonly output: number;
  readonly reasoning?: number;
}

const microsPerToken = { input: 2.5, cached: 0.25, output: 10 };
const model = "smart";

function toMicros({ input, cached, output }: MockAnswer): number {
  const { input: full, cached: cheap, output: out } = microsPerToken;
  return Math.round((input - cached) * full + cached * cheap + output * out);
}

export function ask(book: RunBook, root: string, step: number): string {
  const held = { micros: 20_000, tokens: 4_000, calls: 0 };
  const tokens = {
    instructions: 640,
    tools: 1_480,
    conversation: 60 + step * 1_950,
    sources: { profile: 19 },
  };
  const parent = step === 0 ? null : mockDigest(700 + step - 1);
  const snapshot = { parent, tokens, dropped: [] };
  tell(book, 4, { type: "model.asked", step, context: mockDigest(700 + step), held, snapshot });
  return addSpan(book, {
    name: `chat ${model}`,
    parent: root,
    fromMs: book.atMs,
    toMs: null,
    attributes: {
      "openinference.span.kind": "LLM",
      "gen_ai.request.model": model,
      "countersign.step": step,
    },
  });
}

/** The model was asked, and answered. */
export function answer(book: RunBook, root: string, answered: MockAnswer): void {
  const { step, tookMs, text = "", calls = [], input, cached, output, reasoning = 0 } = answered;
  const span = ask(book, root, step);
  const micros = toMicros(answered);
  const said = calls.map(({ tool, args }) => ({ name: tool, args: JSON.stringify(args) }));
  const stop = calls.length === 0 ? "ended" : "tool_calls";
  tell(book, tookMs, {
    type: "model.responded",
    step,
    backend: "gpu-east",
    response: keep(book, { text, calls: said }),
    stop,
    calls: calls.map(({ tool, effect }) => ({ tool, effect, args: mockDigest(600 + step) })),
    usage: { input, cached, written: 0, output, reasoning },
    prices: mockDigest(500),
    cost: { micros, tokens: input + output, calls: 0 },
  });
  endSpan(book, span, {
    attributes: {
      "gen_ai.provider.name": "gpu-east",
      "gen_ai.response.finish_reasons": [stop],
      "gen_ai.usage.input_tokens": input,
      "gen_ai.usage.cache_read.input_tokens": cached,
      "gen_ai.usage.output_tokens": output,
      "gen_ai.usage.reasoning.output_tokens": reasoning,
      "gen_ai.usage.cost": micros / 1_000_000,
    },
  });
}

export interface Place {
  readonly step: number;
  readonly ordinal: number;
  readonly tool: string;
  readonly effect: MockCall["effect"];
}

/** The span of a call from now on. */
export function beginCall(book: RunBook, root: string, place: Place): string {
  const { step, ordinal, tool, effect } = place;
  return addSpan(book, {
    name: `execute_tool ${tool}`,
    parent: root,
    fromMs: book.atMs,
    toMs: null,
    attributes: {
      "openinference.span.kind": "TOOL",
      "gen_ai.tool.name": tool,
      "gen_ai.tool.call.id": `${step}.${ordinal}`,
      "countersign.step": step,
      "countersign.ordinal": ordinal,
      "countersign.effect": effect,
    },
  });
}

export interface MockEnd {
  readonly place: Place;
  readonly span: string;
  readonly tookMs: number;
  readonly outcome?: "answered" | "tool_error" | "unknown";
  readonly result: string;
  readonly entry?: string | null;
}

export function endCall(book: RunBook, laterMs: number, end: MockEnd): void {
  const { place, span, tookMs, outcome = "answered", result, entry = null } = end;
  const { step, ordinal } = place;
  const isError = outcome !== "answered";
  tell(book, laterMs, {
    type: "call.ended",
    step,
    ordinal,
    entry,
    outcome,
    result: keep(book, { text: result, isError, raw: null }),
    cost: { micros: place.effect === "write" ? 10_000 : 0, tokens: 0, calls: 1 },
    ms: tookMs,
    bytes: result.length,
  });
  endSpan(book, span, {
    error: isError,
    attributes: {
      "countersign.outcome": outcome,
      "countersign.active_ms": tookMs,
      ...(isError ? { "error.type": outcome } : {}),
      ...(entry === null ? {} : { "countersign.entry": entry }),
    },
  });
}
