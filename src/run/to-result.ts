import type { Json } from "../lib/strict-json.ts";
import { isObject } from "../mcp/read-message.ts";
import type { Result } from "./content-kinds.ts";

/** More than this of one result drowns all else that a model reads. */
const longestShown = 100_000;
/** What a compensation may need of it; longer ones are not kept whole. */
const longestKept = 256 * 1_024;

/** What a call gave: as the gate handed it over, and as a model reads it. */
export function toResult(text: string, isError: boolean): Result {
  const value = tryParse(text);
  // Servers may send half a character; what is kept has none.
  const shown = (value === null ? text : toWords(value)).toWellFormed();
  return {
    text: shown.length <= longestShown ? shown : cut(shown),
    isError,
    raw: value === null || text.length > longestKept ? null : text.toWellFormed(),
  };
}

/** A result as a model reads it, however long. */
export function toPlainWords(text: string): string {
  const value = tryParse(text);
  return (value === null ? text : toWords(value)).toWellFormed();
}

/** An MCP result is an object; what is none is words of the gate. */
function tryParse(text: string): Readonly<Record<string, Json>> | null {
  if (!text.startsWith("{")) return null;
  try {
    const value = JSON.parse(text) as Json;
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

function toWords(result: Readonly<Record<string, Json>>): string {
  const { content, structuredContent } = result;
  const blocks = Array.isArray(content) ? (content as readonly Json[]) : [];
  const words = blocks.map(toBlockWords).filter((each) => each !== "");
  const said = words.join("\n");
  if (structuredContent === undefined) return said === "" ? "(nothing)" : said;
  const structured = JSON.stringify(structuredContent);
  // Servers are asked to say the same as text; it is not shown twice.
  return words.some((each) => isSame(each, structured)) || said === ""
    ? structured
    : `${said}\n${structured}`;
}

function isSame(text: string, structured: string): boolean {
  try {
    return JSON.stringify(JSON.parse(text)) === structured;
  } catch {
    return false;
  }
}

function toBlockWords(block: Json): string {
  if (!isObject(block)) return "";
  const { type, text, resource, uri } = block;
  if (typeof text === "string") return text;
  if (isObject(resource) && typeof resource["text"] === "string") return resource["text"];
  if (typeof uri === "string") return `(${typeof type === "string" ? type : "link"}: ${uri})`;
  return typeof type === "string" ? `(${type}, not shown)` : "";
}

function cut(text: string): string {
  return `${text.slice(0, longestShown).toWellFormed()}\n(cut: ${text.length} characters in all)`;
}
