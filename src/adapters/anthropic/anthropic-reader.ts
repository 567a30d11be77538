import { z } from "zod";
import { Fault } from "../../model/index.ts";
import { unknownUsage, type ModelUsage } from "../../model/model-usage.ts";
import type { ModelStop } from "../../ports/model-backend.ts";
import type { FormatReader, ModelPart } from "../../ports/model-format.ts";

const count = z.int().nonnegative().nullish().catch(null);
const index = z.int().nonnegative();

const usageSchema = z
  .object({
    input_tokens: count,
    output_tokens: count,
    cache_read_input_tokens: count,
    cache_creation_input_tokens: count,
  })
  .nullish()
  .catch(null);
type WireUsage = z.output<typeof usageSchema>;

const startSchema = z.object({ message: z.object({ usage: usageSchema }) });
const blockSchema = z.object({
  index,
  content_block: z.object({
    type: z.string(),
    text: z.string().optional(),
    id: z.string().optional(),
    name: z.string().optional(),
  }),
});
const deltaSchema = z.object({
  index,
  delta: z.object({
    type: z.string(),
    text: z.string().optional(),
    partial_json: z.string().optional(),
  }),
});
const messageSchema = z.object({
  delta: z.object({ stop_reason: z.string().nullish() }),
  usage: usageSchema,
});
const errorSchema = z.object({
  error: z.object({ type: z.string().catch(""), message: z.string().catch("") }),
});

const stops: Readonly<Record<string, ModelStop>> = {
  end_turn: "ended",
  stop_sequence: "ended",
  tool_use: "tool_calls",
  max_tokens: "length",
  model_context_window_exceeded: "length",
  refusal: "refused",
};
const working: readonly ModelPart[] = [{ kind: "progress" }];
const busyTypes = ["overloaded_error", "rate_limit_error"];

/** Reads the events of messages. Kinds that it does not know are let pass, as the format asks. */
export function createAnthropicReader(): FormatReader {
  let input: WireUsage = null;
  return {
    read({ data }): readonly ModelPart[] {
      const event = toObject(data);
      switch (event["type"]) {
        case "ping":
          return [];
        case "message_start":
          input = parse(startSchema, event).message.usage;
          return working;
        case "content_block_start":
          return toStart(parse(blockSchema, event));
        case "content_block_delta":
          return toDelta(parse(deltaSchema, event));
        case "message_delta": {
          const { delta, usage } = parse(messageSchema, event);
          const said: ModelPart = { kind: "usage", usage: toUsage(input, usage) };
          return delta.stop_reason
            ? [said, { kind: "stop", stop: toStop(delta.stop_reason) }]
            : [said];
        }
        case "error": {
          const { type, message } = parse(errorSchema, event).error;
          return [{ kind: "failed", busy: busyTypes.includes(type), message }];
        }
        default:
          return working;
      }
    },
  };
}

function toObject(data: string): Readonly<Record<string, unknown>> {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(data));
  } catch {
    throw garbled();
  }
}

function parse<Value>(schema: z.ZodType<Value>, event: unknown): Value {
  const parsed = schema.safeParse(event);
  if (!parsed.success) throw garbled();
  return parsed.data;
}

/** What came is not repeated: it may be anything. */
function garbled(): Fault {
  return new Fault("upstream_garbled", "An event is not one of messages.");
}

function toStart({ index: at, content_block: block }: z.output<typeof blockSchema>) {
  if (block.type === "tool_use") {
    const { id = null, name = null } = block;
    return [{ kind: "call" as const, index: at, id, name, text: "" }];
  }
  return block.type === "text" && block.text
    ? [{ kind: "text" as const, text: block.text }]
    : working;
}

function toDelta({ index: at, delta }: z.output<typeof deltaSchema>): readonly ModelPart[] {
  if (delta.type === "text_delta" && delta.text) return [{ kind: "text", text: delta.text }];
  if (delta.type === "input_json_delta") {
    return [{ kind: "call", index: at, id: null, name: null, text: delta.partial_json ?? "" }];
  }
  // Reasoning and its signature, among others.
  return working;
}

function toStop(reason: string): ModelStop {
  return Object.hasOwn(stops, reason) ? stops[reason]! : "other";
}

/** The first event counts output that is only begun: what came out is what the last one says. */
function toUsage(before: WireUsage, after: WireUsage): ModelUsage {
  const plain = after?.input_tokens ?? before?.input_tokens ?? null;
  const output = after?.output_tokens ?? null;
  if (plain === null) return { ...unknownUsage, output };
  const cached = after?.cache_read_input_tokens ?? before?.cache_read_input_tokens ?? 0;
  const written = after?.cache_creation_input_tokens ?? before?.cache_creation_input_tokens ?? 0;
  return { input: plain + cached + written, cached, written, output, reasoning: null };
}
