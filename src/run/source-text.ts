import type { Json } from "../lib/strict-json.ts";
import { isObject } from "../mcp/read-message.ts";
import type { ContextSource } from "../model/agent-context.ts";
import type { Principal } from "../model/index.ts";
import { estimateTokens, showHidden } from "../model/skill-text.ts";
import type { SourceText } from "./content-kinds.ts";
import { cutBytes } from "./cut-text.ts";
import { toSourceHead } from "./to-request.ts";
import { toPlainWords } from "./to-result.ts";

/** What a source said, before its budget is kept. */
export interface Said {
  readonly text: string;
  readonly isError: boolean;
}

export const unavailable = (why: string): Said => ({
  text: `Not available: ${why.length <= longestWhy ? why : `${why.slice(0, longestWhy)}…`}`,
  isError: true,
});

/** Words of a server that say why are no way to say more than the source may. */
const longestWhy = 1_000;

/** Whom the run acts for, a line each: what stands in a name begins none of its own. */
export function toProfile({ subject, kind, tenant }: Principal, roles: readonly string[]): string {
  return [
    `name: ${toLine(subject)}`,
    `kind: ${kind}`,
    `tenant: ${toLine(tenant)}`,
    `roles: ${roles.length === 0 ? "none" : roles.map(toLine).join(", ")}`,
  ].join("\n");
}

const toLine = (text: string): string => text.replace(/\s+/gu, " ");

/** What a server answered, as a model reads it. */
export function toServersWords(source: ContextSource, text: string): Said {
  if (!text.startsWith("{")) return { text: text.toWellFormed(), isError: false };
  const result = JSON.parse(text) as Readonly<Record<string, Json>>;
  if (result["resultType"] === "input_required")
    return unavailable("Its server asks for something that nobody can answer here.");
  switch (source.kind) {
    case "resource":
      return toResourceWords(source.uri, result["contents"]);
    case "prompt":
      return toPromptWords(result["messages"]);
    default:
      return { text: toPlainWords(text), isError: false };
  }
}

/** What was not asked for is not taken: a server does not get to say what stands under another's name. */
function toResourceWords(uri: string, contents: Json | undefined): Said {
  const all = Array.isArray(contents) ? (contents as readonly Json[]) : [];
  const own = all.filter((each) => isObject(each) && each["uri"] === uri);
  if (own.length === 0)
    return unavailable(
      all.length === 0 ? "There is nothing in it." : "Its server answered for another URI.",
    );
  return { text: own.map(toContentWords).join("\n").toWellFormed(), isError: false };
}

function toContentWords(content: Json): string {
  const { text, mimeType } = content as Readonly<Record<string, Json>>;
  if (typeof text === "string") return text;
  return `(${typeof mimeType === "string" ? mimeType.slice(0, 100) : "bytes"}, not shown)`;
}

function toPromptWords(messages: Json | undefined): Said {
  const all = Array.isArray(messages) ? (messages as readonly Json[]) : [];
  const words = all.flatMap((message) => {
    if (!isObject(message)) return [];
    const { role, content = null } = message;
    const said = toPlainWords(JSON.stringify({ content: [content] }));
    return [`${role === "assistant" ? "assistant" : "user"}: ${said}`];
  });
  if (words.length === 0) return unavailable("There is nothing in it.");
  return { text: words.join("\n"), isError: false };
}

export interface Fitted {
  readonly content: SourceText;
  /** Of all that it takes of the window, its heading included. */
  readonly tokens: number;
  /** Tokens that are left out. */
  readonly cut: number;
}

/**
 * As it is kept and shown: what nobody would see is named, and what its budget does not allow is left out.
 * The heading, and the word that something is missing, are shown whatever the budget is.
 */
export function fitSource(
  { name, owner, budget }: Pick<ContextSource, "name" | "owner" | "budget">,
  { text, isError }: Said,
): Fitted {
  const head = `${toSourceHead({ name, owner, isError })}\n`;
  const tokensOf = (shown: string): number => estimateTokens(`${head}${shown}`);
  // A token is four bytes here, and a sign one at least: what stands behind that never fits.
  const visible = showHidden(text.slice(0, budget * 4)).toWellFormed();
  const fits = text.length <= budget * 4 && tokensOf(visible) <= budget;
  const said = (shown: string): SourceText => ({ name, owner, text: shown, isError });
  if (fits) return { content: said(visible), tokens: tokensOf(visible), cut: 0 };
  const all = Math.max(estimateTokens(text), estimateTokens(visible));
  const room = budget * 4 - Buffer.byteLength(head) - longestMark;
  const kept = cutBytes(visible, Math.max(0, room));
  const cut = Math.max(1, all - estimateTokens(kept));
  const shown = `${kept}\n(cut: ${cut} of ${all} tokens are left out)`;
  return { content: said(shown), tokens: tokensOf(shown), cut };
}

/** Bytes of the word that something is left out, with counts of nine digits. */
const longestMark = 56;
