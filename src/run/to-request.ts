import type { ContextPart } from "../model/run-event.ts";
import { toInstructions } from "../model/skill-listing.ts";
import type { Json } from "../lib/strict-json.ts";
import type { Bundle } from "../model/bundle.ts";
import type { ModelMessage, ModelRequest, ModelTool } from "../ports/model-backend.ts";
import { asAnswered, asResult, asSaid } from "./content-kinds.ts";

import type { Placed } from "./view.ts";

/** Ours, not the model's: two calls never share one, whatever it writes. */
export function toCallId({ step, ordinal }: Placed): string {
  return `call_${step}_${ordinal}`;
}

/** The order in which a model is shown them: results stand behind the answer that asked for them. */
export function orderParts(parts: readonly ContextPart[]): readonly ContextPart[] {
  const ordered = parts.filter(({ kind }) => kind !== "result");
  const results = Map.groupBy(
    parts.filter(({ kind }) => kind === "result"),
    ({ step }) => step,
  );
  return ordered.flatMap((part) =>
    part.kind === "response"
      ? [part, ...(results.get(part.step) ?? []).toSorted((a, b) => a.ordinal - b.ordinal)]
      : [part],
  );
}

export interface Asking {
  readonly bundle: Bundle;
  readonly tools: readonly ModelTool[];
  /** In their order, each with its content. */
  readonly parts: readonly { readonly part: ContextPart; readonly content: Json }[];
}

export function toRequest({ bundle, tools, parts }: Asking): ModelRequest {
  const messages = parts.map(({ part, content }) => toMessage(part, content));
  const { maxTokens, temperature, stop } = bundle.model;
  return {
    instructions: toInstructions(bundle),
    messages,
    tools,
    parameters: { maxTokens, temperature, stop },
    // The log only grows: whatever stands in one request stands in the next.
    stableMessages: messages.length,
  };
}

function toMessage(part: ContextPart, content: Json): ModelMessage {
  switch (part.kind) {
    case "input":
      return { role: "user", text: asSaid(content).text };
    case "signal": {
      const { name, text } = asSaid(content);
      return { role: "user", text: `Signal ${name ?? ""}: ${text}` };
    }
    case "response": {
      const { text, calls } = asAnswered(content);
      const withIds = calls.map(({ name, args }, ordinal) => ({
        id: toCallId({ step: part.step, ordinal }),
        name,
        args,
      }));
      return { role: "assistant", text, calls: withIds };
    }
    case "result": {
      const { text, isError } = asResult(content);
      return { role: "tool", callId: toCallId(part), text, isError };
    }
    case "late": {
      const { text } = asResult(content);
      return {
        role: "user",
        text: `The call ${toCallId(part)}, which had not been done, was made again. Its result: ${text}`,
      };
    }
  }
}
