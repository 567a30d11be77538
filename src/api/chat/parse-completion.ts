import { parseStrictJson, type Json } from "../../lib/strict-json.ts";
import { Fault } from "../../model/index.ts";
import type { ModelRequest, ModelTool } from "../../ports/model-backend.ts";
import { parseMessages } from "./parse-messages.ts";
import {
  refuseOthers,
  toList,
  toMembers,
  toText,
  wrongField,
  type Members,
} from "./wrong-field.ts";

/** A request of the format, as it is asked here. */
export interface CompletionAsk {
  readonly alias: string;
  readonly request: ModelRequest;
  readonly streams: boolean;
  readonly includesUsage: boolean;
  readonly sent: { readonly text: string; readonly value: Json };
}

const taken = [
  "model",
  "messages",
  "tools",
  "tool_choice",
  "max_tokens",
  "max_completion_tokens",
  "temperature",
  "stop",
  "stream",
  "stream_options",
];
/** For OpenAI's own accounting, caches and abuse watch: no answer depends on them. */
const ignored = [
  "user",
  "metadata",
  "safety_identifier",
  "prompt_cache_key",
  "prompt_cache_retention",
  "prompt_cache_options",
];
/** What clients write out although it is the default; any other value cannot be carried. */
const defaults: Readonly<Record<string, readonly string[]>> = {
  n: ["1"],
  top_p: ["1"],
  presence_penalty: ["0"],
  frequency_penalty: ["0"],
  logit_bias: ["{}"],
  logprobs: ["false"],
  top_logprobs: ["0"],
  parallel_tool_calls: ["true"],
  response_format: ['{"type":"text"}'],
  modalities: ['["text"]'],
  service_tier: ['"auto"', '"default"'],
  store: ["false"],
};

/** As an agent of ours may have at most, and has where nobody says how many. */
const maxTokens = 10_000_000;
const defaultTokens = 4_096;
const maxTools = 128;
const maxStops = 4;
const maxStop = 1_024;
const maxDescription = 65_536;
const toolName = /^[A-Za-z0-9_-]{1,64}$/;

export function parseCompletion(text: string): CompletionAsk {
  const read = parseStrictJson(text);
  if (read.kind === "refused") {
    throw new Fault("request_invalid", `The body is not JSON: ${read.reason}.`);
  }
  const body = toMembers(read.value, "body");
  refuseNotDefault(body);
  refuseOthers(body, "", { taken: [...taken, ...Object.keys(defaults)], ignored });
  const streams = toFlag(body["stream"], "stream");
  return {
    alias: toText(body["model"], "model", 256),
    request: {
      ...parseMessages(body["messages"]),
      tools: toTools(body),
      parameters: {
        maxTokens: toMaxTokens(body),
        temperature: toTemperature(body["temperature"] ?? null),
        stop: toStop(body["stop"] ?? null),
      },
      // Whether the next request begins like this one, only who asks knows.
      stableMessages: null,
    },
    streams,
    includesUsage: toIncludesUsage(body["stream_options"] ?? null, streams),
    sent: { text, value: read.value },
  };
}

function refuseNotDefault(body: Members): void {
  for (const [name, kept] of Object.entries(defaults)) {
    const value = body[name] ?? null;
    if (value === null || kept.includes(JSON.stringify(value))) continue;
    throw wrongField(name, `is taken as ${kept.join(" or ")} only: nothing else can be carried.`);
  }
}

function toFlag(value: Json | undefined, param: string): boolean {
  if (value === undefined || value === null) return false;
  if (typeof value === "boolean") return value;
  throw wrongField(param, "takes true or false.");
}

function toIncludesUsage(given: Json, streams: boolean): boolean {
  if (given === null) return false;
  if (!streams) throw wrongField("stream_options", "goes with stream: true.");
  const options = toMembers(given, "stream_options");
  const allowed = { taken: ["include_usage"], ignored: ["include_obfuscation"] };
  refuseOthers(options, "stream_options.", allowed);
  return toFlag(options["include_usage"], "stream_options.include_usage");
}

function toMaxTokens(body: Members): number {
  const [older, newer] = [body["max_tokens"] ?? null, body["max_completion_tokens"] ?? null];
  if (older !== null && newer !== null && older !== newer)
    throw wrongField("max_tokens", "says something else than max_completion_tokens.");
  const given = newer ?? older;
  if (given === null) return defaultTokens;
  const isCount = typeof given === "number" && Number.isInteger(given);
  if (isCount && given >= 1 && given <= maxTokens) return given;
  const param = newer === null ? "max_tokens" : "max_completion_tokens";
  throw wrongField(param, `takes a whole number from 1 to ${maxTokens}.`);
}

function toTemperature(given: Json): number | null {
  if (given === null) return null;
  if (typeof given === "number" && given >= 0 && given <= 2) return given;
  throw wrongField("temperature", "takes a number from 0 to 2.");
}

function toStop(given: Json): readonly string[] {
  if (given === null) return [];
  if (typeof given === "string") return [toText(given, "stop", maxStop)];
  const list = toList(given, "stop", maxStops);
  return list.map((each, at) => toText(each, `stop.${at}`, maxStop));
}

/** Tools that may not be called are not offered. */
function toTools(body: Members): readonly ModelTool[] {
  const { tools: given = null, tool_choice: choice = null } = body;
  if (choice !== null && choice !== "auto" && choice !== "none")
    throw wrongField("tool_choice", "takes auto or none: a choice cannot be forced here.");
  const list = given === null ? [] : toList(given, "tools", maxTools);
  const tools = list.map((each, at) => toTool(each, `tools.${at}`));
  const names = tools.map(({ name }) => name);
  const twice = names.findIndex((name, at) => names.indexOf(name) !== at);
  if (twice >= 0) throw wrongField(`tools.${twice}.function.name`, "is the name of two tools.");
  return choice === "none" ? [] : tools;
}

function toTool(given: Json, place: string): ModelTool {
  const tool = toMembers(given, place);
  if (tool["type"] !== "function") throw wrongField(`${place}.type`, "takes function.");
  refuseOthers(tool, `${place}.`, { taken: ["type", "function"], ignored: [] });
  const at = `${place}.function`;
  const made = toMembers(tool["function"], at);
  refuseOthers(made, `${at}.`, {
    taken: ["name", "description", "parameters", "strict"],
    ignored: [],
  });
  if (toFlag(made["strict"], `${at}.strict`))
    throw wrongField(`${at}.strict`, "is taken as false only: it cannot be promised here.");
  const name = toText(made["name"], `${at}.name`, 64);
  if (!toolName.test(name))
    throw wrongField(`${at}.name`, "takes letters, digits, - and _, at most 64.");
  const { description = null, parameters = null } = made;
  return {
    name,
    description: toDescription(description, `${at}.description`),
    schema: parameters === null ? noArguments : toMembers(parameters, `${at}.parameters`),
  };
}

const noArguments = Object.freeze({ type: "object", properties: Object.freeze({}) });

function toDescription(given: Json, param: string): string {
  return given === null || given === "" ? "" : toText(given, param, maxDescription);
}
