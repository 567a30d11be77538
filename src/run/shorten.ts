import type { Json } from "../lib/strict-json.ts";
import { asResult } from "./content-kinds.ts";
import { cutText } from "./cut-text.ts";
import type { ShownPart } from "./shown-parts.ts";

/** What a call gave is all that may be shown shorter than it is. */
export function canShorten({ kind }: Pick<ShownPart, "kind">): boolean {
  return kind === "result" || kind === "late";
}

/** The same content where it is no longer than so many tokens; null: it may have any length. */
export function shorten(part: ShownPart, content: Json, mostTokens: number | null): Json {
  if (mostTokens === null || !canShorten(part)) return content;
  const result = asResult(content);
  const text = cutText(result.text, mostTokens);
  return text === result.text ? content : { ...result, text };
}
