import type { ModelTool } from "../ports/model-backend.ts";
import type { Json } from "../lib/strict-json.ts";
import { isObject } from "../mcp/read-message.ts";

/** The longest that a run waits at once: a week. */
const longestSeconds = 604_800;
const seconds = { type: "number", exclusiveMinimum: 0, maximum: longestSeconds };
const signalTool = "run__wait_for_signal";

/** Waiting is the run's own affair: it costs nothing, has no effect and passes no gate. */
export const waitTools: readonly ModelTool[] = [
  {
    name: "run__wait",
    description: "Waits for a number of seconds. Nothing is held meanwhile.",
    schema: {
      type: "object",
      properties: { seconds },
      required: ["seconds"],
      additionalProperties: false,
    },
  },
  {
    name: signalTool,
    description:
      "Waits until somebody sends this run a signal, at most for a number of seconds. Without a name, for any signal.",
    schema: {
      type: "object",
      properties: { seconds, name: { type: "string", maxLength: 128 } },
      required: ["seconds"],
      additionalProperties: false,
    },
  },
];

export function isWaitTool(name: string): boolean {
  return waitTools.some((tool) => tool.name === name);
}

export interface Waiting {
  readonly for: "timer" | "signal";
  readonly name: string | null;
  readonly waitMs: number;
}

/** A text says what is wrong with the arguments. */
export function readWaiting(tool: string, args: Json): Waiting | string {
  if (!isObject(args)) return "The arguments are not an object.";
  const { seconds: given, name = null } = args;
  if (typeof given !== "number" || !(given > 0 && given <= longestSeconds))
    return `seconds takes a number above 0 and at most ${longestSeconds}.`;
  if (name !== null && (typeof name !== "string" || name === "" || name.length > 128))
    return "name takes a text of 1 to 128 characters.";
  const waitMs = Math.ceil(given * 1_000);
  return tool === signalTool
    ? { for: "signal", name, waitMs }
    : { for: "timer", name: null, waitMs };
}
