import { z } from "zod";
import type { ScriptScene } from "../../model/model-script.ts";
import type { ScriptResult } from "../../model/script-reference.ts";

/** A request as a script sees it, from whichever format. */
export interface AskedModel {
  readonly scene: ScriptScene;
  /** Of tools, the oldest first. */
  readonly results: readonly ScriptResult[];
  readonly messages: number;
  readonly streams: boolean;
  readonly wantsUsage: boolean;
  /** Characters of all that was asked. */
  readonly size: number;
}

const piece = z.looseObject({ type: z.string(), text: z.string().optional() });
const openaiContent = z.union([z.string(), z.array(piece)]).nullish();

const openaiSchema = z.looseObject({
  model: z.string().min(1),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().optional() }).nullish(),
  messages: z
    .array(
      z.looseObject({
        role: z.enum(["system", "developer", "user", "assistant", "tool"]),
        content: openaiContent,
        tool_call_id: z.string().optional(),
        tool_calls: z
          .array(
            z.looseObject({
              id: z.string(),
              function: z.looseObject({ name: z.string(), arguments: z.string() }),
            }),
          )
          .nullish(),
      }),
    )
    .min(1),
});

const block = z.looseObject({
  type: z.string(),
  text: z.string().optional(),
  id: z.string().optional(),
  name: z.string().optional(),
  tool_use_id: z.string().optional(),
  content: z.union([z.string(), z.array(piece)]).optional(),
});

const anthropicSchema = z.looseObject({
  model: z.string().min(1),
  max_tokens: z.int().positive(),
  stream: z.boolean().optional(),
  messages: z
    .array(
      z.looseObject({
        role: z.enum(["user", "assistant"]),
        content: z.union([z.string(), z.array(block)]),
      }),
    )
    .min(1),
});

type Said = string | readonly { readonly text?: string | undefined }[] | null | undefined;

function toText(said: Said): string {
  if (typeof said === "string") return said;
  return (said ?? []).map(({ text = "" }) => text).join("");
}

/** Null where it is not of this format, or names a call that nobody made. */
export function readOpenai(body: unknown): AskedModel | null {
  const parsed = openaiSchema.safeParse(body);
  if (!parsed.success) return null;
  const { messages, stream, stream_options: options } = parsed.data;
  const names = new Map(
    messages.flatMap(({ tool_calls: calls }) =>
      (calls ?? []).map((call) => [call.id, call.function.name] as const),
    ),
  );
  const results = messages.filter(({ role }) => role === "tool");
  if (results.some(({ tool_call_id: id = "" }) => !names.has(id))) return null;
  const last = messages.at(-1)!;
  const isResult = last.role === "tool";
  return {
    scene: {
      last: isResult ? "tool" : last.role === "user" ? "user" : null,
      text: toText(last.content),
      tool: isResult ? (names.get(last.tool_call_id ?? "") ?? null) : null,
      results: results.length,
    },
    results: results.map(({ tool_call_id: id = "", content }) => ({
      tool: names.get(id)!,
      text: toText(content),
    })),
    messages: messages.length,
    streams: stream === true,
    wantsUsage: options?.include_usage === true,
    size: JSON.stringify(messages).length,
  };
}

export function readAnthropic(body: unknown): AskedModel | null {
  const parsed = anthropicSchema.safeParse(body);
  if (!parsed.success) return null;
  const { messages, stream } = parsed.data;
  const blocks = messages.flatMap(({ role, content }) =>
    (typeof content === "string" ? [{ type: "text", text: content }] : content).map((each) => ({
      ...each,
      role,
    })),
  ) as readonly (z.output<typeof block> & { readonly role: string })[];
  const names = new Map(
    blocks.flatMap(({ type, id = "", name = "" }) => (type === "tool_use" ? [[id, name]] : [])),
  );
  const results = blocks.filter(({ type }) => type === "tool_result");
  if (results.some(({ tool_use_id: id = "" }) => !names.has(id))) return null;
  const last = blocks.at(-1);
  const isResult = last?.type === "tool_result";
  return {
    scene: {
      last: isResult ? "tool" : last?.role === "user" ? "user" : null,
      text: isResult ? toText(last.content) : (last?.text ?? ""),
      tool: isResult ? (names.get(last.tool_use_id ?? "") ?? null) : null,
      results: results.length,
    },
    results: results.map(({ tool_use_id: id = "", content }) => ({
      tool: names.get(id)!,
      text: toText(content),
    })),
    messages: messages.length,
    streams: stream === true,
    wantsUsage: true,
    size: JSON.stringify(messages).length,
  };
}
