import type { Json } from "../lib/strict-json.ts";
import { isObject } from "../mcp/read-message.ts";
import { findToolsTool } from "../model/skill-listing.ts";
import type { ModelTool } from "../ports/model-backend.ts";

/** Each of them is shown whole from then on. */
const mostAtOnce = 10;
const usual = 5;
const longestQuery = 1_000;

/** Looking for tools is the run's own affair: it has no effect, passes no gate and gives no leave. */
export const searchTool: ModelTool = {
  name: findToolsTool,
  description: `Finds tools by words of what they do, of their names or of their arguments. Those that are found are among your tools from then on. At most ${mostAtOnce} at once.`,
  schema: {
    type: "object",
    properties: {
      query: { type: "string", maxLength: longestQuery },
      limit: { type: "integer", minimum: 1, maximum: mostAtOnce },
    },
    required: ["query"],
    additionalProperties: false,
  },
};

export interface ToolSearch {
  readonly query: string;
  readonly limit: number;
}

const known = new Set(["query", "limit"]);

/** A text says what is wrong with the arguments. */
export function readToolSearch(args: Json): ToolSearch | string {
  if (!isObject(args)) return "The arguments are not an object.";
  const strange = Object.keys(args).find((key) => !known.has(key));
  if (strange !== undefined) return `There is no argument ${JSON.stringify(strange.slice(0, 64))}.`;
  const { query, limit = usual } = args;
  if (typeof query !== "string" || query.length > longestQuery)
    return `query takes words of what a tool should do, at most ${longestQuery} characters.`;
  if (!Number.isInteger(limit) || (limit as number) < 1 || (limit as number) > mostAtOnce)
    return `limit takes a whole number from 1 to ${mostAtOnce}.`;
  return { query, limit: limit as number };
}
