import type { ModelMessage, ModelRequest } from "../../ports/model-backend.ts";
import type { ModelFormat } from "../../ports/model-format.ts";
import { createOpenaiReader } from "./openai-reader.ts";

/** Older servers of this format know the limit by its older name, and ignore the newer one. */
export type TokenLimitName = "max_completion_tokens" | "max_tokens";

/** chat.completions, as OpenAI and the servers that are compatible with it speak it. */
export function createOpenaiFormat(tokenLimit: TokenLimitName): ModelFormat {
  return {
    path: "/chat/completions",
    lookPath: "/models",
    marksPrefix: false,
    toHeaders: (key) => (key === null ? {} : { authorization: `Bearer ${key}` }),
    toBody: (request, model) => toBody(request, model, tokenLimit),
    createReader: createOpenaiReader,
  };
}

/** The cache of this format works by itself: what comes first and stays the same is found again. */
function toBody(request: ModelRequest, model: string, tokenLimit: TokenLimitName) {
  const { instructions, messages, tools, parameters } = request;
  const { temperature, stop, maxTokens } = parameters;
  return {
    model,
    messages: [
      ...(instructions === "" ? [] : [{ role: "system", content: instructions }]),
      ...messages.map(toMessage),
    ],
    ...(tools.length === 0 ? {} : { tools: tools.map(toTool) }),
    [tokenLimit]: maxTokens,
    ...(temperature === null ? {} : { temperature }),
    ...(stop.length === 0 ? {} : { stop }),
    stream: true,
    stream_options: { include_usage: true },
  };
}

function toTool({ name, description, schema }: ModelRequest["tools"][number]) {
  return { type: "function", function: { name, description, parameters: schema } };
}

function toMessage(message: ModelMessage) {
  switch (message.role) {
    case "user":
      return { role: "user", content: message.text };
    case "assistant": {
      const calls = message.calls.map(({ id, name, args }) => ({
        id,
        type: "function",
        function: { name, arguments: args },
      }));
      const content = message.text === "" && calls.length > 0 ? null : message.text;
      return { role: "assistant", content, ...(calls.length === 0 ? {} : { tool_calls: calls }) };
    }
    case "tool": {
      // The format has no place that says that a tool failed.
      const content = message.isError ? `The tool failed: ${message.text}` : message.text;
      return { role: "tool", tool_call_id: message.callId, content };
    }
  }
}
