import { Fault } from "../../model/index.ts";
import type { ModelMessage, ModelRequest } from "../../ports/model-backend.ts";
import type { ModelFormat } from "../../ports/model-format.ts";
import { createAnthropicReader } from "./anthropic-reader.ts";

const version = "2023-06-01";

/** messages, as Anthropic speaks it. */
export function createAnthropicFormat(): ModelFormat {
  return {
    path: "/v1/messages",
    lookPath: "/v1/models",
    marksPrefix: true,
    toHeaders: (key) => ({
      "anthropic-version": version,
      ...(key === null ? {} : { "x-api-key": key }),
    }),
    toBody,
    createReader: createAnthropicReader,
  };
}

interface Block {
  readonly [key: string]: unknown;
}
interface Turn {
  readonly role: "user" | "assistant";
  readonly content: readonly Block[];
}

const kept = { cache_control: { type: "ephemeral" } };

function toBody(request: ModelRequest, model: string) {
  const { instructions, tools, parameters, stableMessages } = request;
  const { temperature, stop, maxTokens } = parameters;
  const marks = stableMessages !== null;
  return {
    model,
    max_tokens: maxTokens,
    ...(instructions === "" ? {} : { system: [toSystem(instructions, marks)] }),
    messages: toTurns(request),
    ...(tools.length === 0 ? {} : { tools: toTools(request, marks && instructions === "") }),
    ...(temperature === null ? {} : { temperature }),
    ...(stop.length === 0 ? {} : { stop_sequences: stop }),
    stream: true,
  };
}

/** A mark keeps all that stands before it, too: tools come before instructions, and both before messages. */
function toSystem(text: string, marks: boolean): Block {
  return { type: "text", text, ...(marks ? kept : {}) };
}

function toTools({ tools }: ModelRequest, marks: boolean): readonly Block[] {
  return tools.map(({ name, description, schema }, index) => ({
    name,
    description,
    input_schema: schema,
    ...(marks && index === tools.length - 1 ? kept : {}),
  }));
}

/** Results of one turn's calls stand in one message, as the format wants it. */
function toTurns({ messages, stableMessages }: ModelRequest): readonly Turn[] {
  const turns: { role: Turn["role"]; content: Block[] }[] = [];
  for (const [index, message] of messages.entries()) {
    const blocks = toBlocks(message);
    if (index + 1 === stableMessages && blocks.length > 0) {
      blocks.push({ ...blocks.pop(), ...kept });
    }
    const role = message.role === "assistant" ? "assistant" : "user";
    const last = turns.at(-1);
    if (last?.role === role) last.content.push(...blocks);
    else turns.push({ role, content: blocks });
  }
  return turns.filter(({ content }) => content.length > 0);
}

function toBlocks(message: ModelMessage): Block[] {
  switch (message.role) {
    case "user":
      return toText(message.text);
    case "assistant":
      return [...toText(message.text), ...message.calls.map(toUse)];
    case "tool": {
      const { callId, text, isError } = message;
      const failed = isError ? { is_error: true } : {};
      return [{ type: "tool_result", tool_use_id: callId, content: text, ...failed }];
    }
  }
}

/** The format takes no empty text. */
function toText(text: string): Block[] {
  return text === "" ? [] : [{ type: "text", text }];
}

function toUse({ id, name, args }: { readonly id: string; name: string; args: string }): Block {
  try {
    return { type: "tool_use", id, name, input: JSON.parse(args) as unknown };
  } catch (cause) {
    throw new Fault("request_invalid", `The arguments of call ${id} are not JSON.`, { cause });
  }
}
