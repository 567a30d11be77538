import type { Json } from "../../lib/strict-json.ts";
import type { ModelCall, ModelMessage, ModelRequest } from "../../ports/model-backend.ts";
import {
  refuseOthers,
  toList,
  toMembers,
  toText,
  wrongField,
  type Members,
} from "./wrong-field.ts";

/** What the body's bound does not bound yet: so many small ones cost more than their bytes. */
const maxMessages = 4_096;
const maxParts = 1_024;
const maxCalls = 128;
const maxId = 256;

export type Conversation = Pick<ModelRequest, "instructions" | "messages">;

/** Messages of the format as a model's backend is given them, or a refusal that names the place. */
export function parseMessages(given: Json | undefined): Conversation {
  const list = toList(given, "messages", maxMessages);
  if (list.length === 0) throw wrongField("messages", "takes at least one.");
  const instructions: string[] = [];
  const messages: ModelMessage[] = [];
  const called = new Set<string>();
  for (const [index, each] of list.entries()) {
    const place = `messages.${index}`;
    const message = toMembers(each, place);
    if (message["role"] === "system" || message["role"] === "developer") {
      // A backend has one place for them: elsewhere they would be moved, and mean something else.
      if (messages.length > 0)
        throw wrongField(`${place}.role`, "is taken before all other messages only.");
      instructions.push(toInstruction(message, place));
      continue;
    }
    messages.push(toMessage(message, place, called));
  }
  if (messages.length === 0)
    throw wrongField("messages", "takes one of a user, an assistant or a tool.");
  return { instructions: instructions.join("\n\n"), messages };
}

/** Names tell people apart, not roles; the rest is what clients send back of an answer. */
const ignored = ["name", "annotations", "parsed"];

function toInstruction(message: Members, place: string): string {
  refuseOthers(message, `${place}.`, { taken: ["role", "content"], ignored });
  return readContent(message["content"], `${place}.content`);
}

function toMessage(message: Members, place: string, called: Set<string>): ModelMessage {
  const { role } = message;
  switch (role) {
    case "user":
      refuseOthers(message, `${place}.`, { taken: ["role", "content"], ignored });
      return { role, text: readContent(message["content"], `${place}.content`) };
    case "assistant":
      return toAssistant(message, place, called);
    case "tool":
      return toResult(message, place, called);
    default:
      throw wrongField(`${place}.role`, "takes system, developer, user, assistant or tool.");
  }
}

function toAssistant(message: Members, place: string, called: Set<string>): ModelMessage {
  const taken = ["role", "content", "refusal", "tool_calls"];
  refuseOthers(message, `${place}.`, { taken, ignored });
  const { content = null, refusal = null, tool_calls: given = null } = message;
  const said = content === null ? "" : readContent(content, `${place}.content`);
  const refused = refusal === null ? "" : readContent(refusal, `${place}.refusal`);
  const list = given === null ? [] : toList(given, `${place}.tool_calls`, maxCalls);
  const calls = list.map((each, at) => toCall(each, `${place}.tool_calls.${at}`));
  if (content === null && refusal === null && calls.length === 0)
    throw wrongField(`${place}.content`, "is missing, and so are tool_calls.");
  for (const { id } of calls) called.add(id);
  return { role: "assistant", text: `${said}${refused}`, calls };
}

function toCall(given: Json, place: string): ModelCall {
  const call = toMembers(given, place);
  refuseOthers(call, `${place}.`, { taken: ["id", "type", "function"], ignored: ["index"] });
  if ((call["type"] ?? "function") !== "function")
    throw wrongField(`${place}.type`, "takes function.");
  const made = toMembers(call["function"], `${place}.function`);
  const taken = ["name", "arguments"];
  refuseOthers(made, `${place}.function.`, { taken, ignored: ["parsed_arguments"] });
  const args = made["arguments"];
  if (typeof args !== "string") throw wrongField(`${place}.function.arguments`, "takes a text.");
  return {
    id: toText(call["id"], `${place}.id`, maxId),
    name: toText(made["name"], `${place}.function.name`, maxId),
    args,
  };
}

function toResult(message: Members, place: string, called: ReadonlySet<string>): ModelMessage {
  const taken = ["role", "content", "tool_call_id"];
  refuseOthers(message, `${place}.`, { taken, ignored });
  const callId = toText(message["tool_call_id"], `${place}.tool_call_id`, maxId);
  if (!called.has(callId))
    throw wrongField(`${place}.tool_call_id`, "names no call of a message before it.");
  const text = readContent(message["content"], `${place}.content`);
  // The format has no place that says that a tool failed.
  return { role: "tool", callId, text, isError: false };
}

function readContent(given: Json | undefined, place: string): string {
  if (typeof given === "string") return given;
  if (!Array.isArray(given)) throw wrongField(place, "takes a text or a list of texts.");
  const parts = toList(given, place, maxParts);
  return parts.map((each, at) => readPart(each, `${place}.${at}`)).join("");
}

function readPart(given: Json, place: string): string {
  const part = toMembers(given, place);
  const { type } = part;
  if (type !== "text" && type !== "refusal")
    throw wrongField(`${place}.type`, "takes text: images, sound and files are not carried.");
  refuseOthers(part, `${place}.`, { taken: ["type", type], ignored: [] });
  const text = part[type];
  if (typeof text !== "string") throw wrongField(`${place}.${type}`, "takes a text.");
  return text;
}
