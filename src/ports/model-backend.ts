import type { ModelUsage } from "../model/model-usage.ts";

/** Where a model runs: one server that answers requests, streaming. */
export interface ModelBackend {
  /**
   * Resolves once the answer is whole; its last events are `usage` and `finished`. Throws a Fault:
   * `model_busy` with `retryAfterMs` where it has to be left alone for a while, `model_unavailable`
   * where it does not answer, `model_refused` where it does not take the request, `model_broken`
   * where the answer ended before it was whole. No fault of its own shows the key.
   */
  stream(request: ModelRequest, options: StreamOptions): Promise<void>;
  /** Whether it answers, with the key that is configured. Costs no tokens. */
  look(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

export interface StreamOptions {
  /** The model's own name at the backend. */
  readonly model: string;
  readonly signal: AbortSignal;
  /** Wall-clock time after which nobody waits any more. */
  readonly deadlineMs: number;
  readonly onEvent: (event: ModelEvent) => void;
  /** The span that asks, for a backend with spans of its own. Absent: none. */
  readonly traceparent?: string;
}

export interface ModelRequest {
  readonly instructions: string;
  readonly messages: readonly ModelMessage[];
  readonly tools: readonly ModelTool[];
  readonly parameters: ModelParameters;
  /**
   * How many of the messages will stand in the next request as they stand in this one, so that the
   * backend may keep them; 0: the instructions and tools alone. Null: no hint.
   */
  readonly stableMessages: number | null;
}

export type ModelMessage =
  | { readonly role: "user"; readonly text: string }
  | { readonly role: "assistant"; readonly text: string; readonly calls: readonly ModelCall[] }
  | {
      readonly role: "tool";
      readonly callId: string;
      readonly text: string;
      readonly isError: boolean;
    };

/** Arguments are the text of a JSON object, as the model wrote it. */
export interface ModelCall {
  readonly id: string;
  readonly name: string;
  readonly args: string;
}

export interface ModelTool {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of its arguments. */
  readonly schema: Readonly<Record<string, unknown>>;
}

export interface ModelParameters {
  readonly maxTokens: number;
  readonly temperature: number | null;
  /** Texts that end the answer where they would come. */
  readonly stop: readonly string[];
}

/** Reasoning is counted in `usage`; its text is never passed on. */
export type ModelEvent =
  | { readonly kind: "text"; readonly text: string }
  | {
      readonly kind: "call_delta";
      readonly index: number;
      readonly id: string | null;
      readonly name: string | null;
      /** A piece of the arguments. */
      readonly text: string;
    }
  /** A call that is whole. */
  | { readonly kind: "call"; readonly index: number; readonly call: ModelCall }
  | RefusedCall
  | { readonly kind: "usage"; readonly usage: ModelUsage }
  | { readonly kind: "finished"; readonly stop: ModelStop };

/** What the model wrote in the place of a call; nothing of it may be carried out. */
export interface RefusedCall {
  readonly kind: "call_refused";
  readonly index: number;
  readonly id: string | null;
  readonly name: string | null;
  readonly text: string;
  readonly reason: CallFlaw;
}

/** `mixed`: pieces of two calls under one index. */
export type CallFlaw =
  | "not_json"
  | "not_object"
  | "too_large"
  | "duplicate_id"
  | "unnamed"
  | "mixed";

export type ModelStop = "ended" | "tool_calls" | "length" | "refused" | "other";
