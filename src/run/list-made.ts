import { parseStrictJson, type Json } from "../lib/strict-json.ts";
import type { ModelRequest } from "../ports/model-backend.ts";

/**
 * Texts that are put together before a backend is given them, by the messages that they are made of:
 * parts of one content, and arguments, which some backends are given as the JSON that they mean.
 */
export function listMade({ instructions, messages }: ModelRequest): Json {
  const made = messages.map((message): Json => {
    if (message.role !== "assistant") return message.text;
    return [message.text, ...message.calls.map(({ args }) => toMeant(args))];
  });
  return { instructions, messages: made };
}

function toMeant(args: string): Json {
  const read = parseStrictJson(args);
  return read.kind === "parsed" ? read.value : args;
}
