import { z } from "zod";
import { Fault } from "../../model/index.ts";
import type { ModelUsage } from "../../model/model-usage.ts";
import type { ModelStop } from "../../ports/model-backend.ts";
import type { FormatReader, ModelPart } from "../../ports/model-format.ts";

const text = z.string().nullish();
const count = z.int().nonnegative().nullish().catch(null);

const callSchema = z.object({
  index: z.int().nonnegative().optional(),
  id: text,
  function: z.object({ name: text, arguments: text }).nullish(),
});

const choiceSchema = z.object({
  index: z.int().prefault(0),
  delta: z
    .object({ content: text, refusal: text, tool_calls: z.array(callSchema).nullish() })
    .nullish(),
  finish_reason: text,
});

const usageSchema = z.object({
  prompt_tokens: count,
  completion_tokens: count,
  prompt_tokens_details: z.object({ cached_tokens: count }).nullish().catch(null),
  completion_tokens_details: z.object({ reasoning_tokens: count }).nullish().catch(null),
});

const chunkSchema = z.object({
  error: z.unknown().optional(),
  choices: z.array(choiceSchema).nullish(),
  usage: usageSchema.nullish().catch(null),
});

const errorSchema = z.object({ message: z.string().catch(""), type: text.catch(null) });

const stops: Readonly<Record<string, ModelStop>> = {
  stop: "ended",
  tool_calls: "tool_calls",
  function_call: "tool_calls",
  length: "length",
  content_filter: "refused",
};

/** Reads `chat.completion.chunk` events. */
export function createOpenaiReader(): FormatReader {
  let refused = false;
  return {
    read({ event, data }): readonly ModelPart[] {
      if (data === "[DONE]") return [];
      const { error, choices, usage } = parse(data);
      if (error !== undefined && error !== null) return [toFailed(error)];
      if (event === "error") return [toFailed(null)];
      const parts: ModelPart[] = [];
      for (const { index, delta, finish_reason: finish } of choices ?? []) {
        // One answer was asked for.
        if (index !== 0) throw garbled();
        if (delta?.refusal) refused = true;
        parts.push(...toParts(delta));
        if (finish) parts.push({ kind: "stop", stop: toStop(finish, refused) });
      }
      if (usage) parts.push({ kind: "usage", usage: toUsage(usage) });
      return parts;
    },
  };
}

function parse(data: string): z.output<typeof chunkSchema> {
  try {
    return chunkSchema.parse(JSON.parse(data));
  } catch {
    throw garbled();
  }
}

/** What came is not repeated: it may be anything. */
function garbled(): Fault {
  return new Fault("upstream_garbled", "An event is not one of chat.completions.");
}

function toParts(delta: z.output<typeof choiceSchema>["delta"]): readonly ModelPart[] {
  const said = `${delta?.content ?? ""}${delta?.refusal ?? ""}`;
  const calls = (delta?.tool_calls ?? []).map((call, position) => ({
    kind: "call" as const,
    index: call.index ?? position,
    id: call.id || null,
    name: call.function?.name || null,
    text: call.function?.arguments ?? "",
  }));
  const parts = said === "" ? calls : [{ kind: "text" as const, text: said }, ...calls];
  return parts.length === 0 ? [{ kind: "progress" }] : parts;
}

function toStop(finish: string, refused: boolean): ModelStop {
  const stop = Object.hasOwn(stops, finish) ? stops[finish]! : "other";
  return stop === "ended" && refused ? "refused" : stop;
}

function toUsage(usage: z.output<typeof usageSchema>): ModelUsage {
  return {
    input: usage.prompt_tokens ?? null,
    cached: usage.prompt_tokens_details?.cached_tokens ?? null,
    written: null,
    output: usage.completion_tokens ?? null,
    reasoning: usage.completion_tokens_details?.reasoning_tokens ?? null,
  };
}

function toFailed(error: unknown): ModelPart {
  const read = errorSchema.safeParse(error);
  const { message, type } = read.success ? read.data : { message: "", type: null };
  const busy = type === "rate_limit_error" || type === "overloaded_error";
  return { kind: "failed", busy, message };
}
