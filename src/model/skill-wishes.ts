import { skillLimits } from "./skill.ts";

/**
 * What `allowed-tools` names: `Bash(git:*) Read`, a word each. The format has one text with spaces; some
 * clients write commas or a list. It is a wish: nothing is granted by it.
 */
export function toWishes(given: unknown, warn: (message: string) => void): readonly string[] {
  if (given === undefined) return [];
  const parts = Array.isArray(given) ? given : [given];
  if (!parts.every((each): each is string => typeof each === "string")) {
    warn("takes one text with a space between two tools");
    return [];
  }
  if (Array.isArray(given) || parts.some((each) => splitWords(each, /,/).length > 1))
    warn("is not as the format has it: one text with a space between two tools");
  const words = [...new Set(parts.flatMap((each) => splitWords(each, /[\s,]/)))];
  if (words.length > 0) warn("grants nothing here: what an agent may call is in countersign.yaml");
  if (words.includes("*")) warn("asks for every tool, and gets none by that");
  const kept = words.filter((each) => each.length <= 256).slice(0, skillLimits.wishes);
  if (kept.length < words.length) warn("names more than is kept of it");
  return kept;
}

/** Not within brackets: `Bash(git add *)` is one. */
function splitWords(text: string, separator: RegExp): readonly string[] {
  const words: string[] = [];
  let word = "";
  let depth = 0;
  for (const sign of text) {
    if (sign === "(") depth += 1;
    if (sign === ")") depth = Math.max(0, depth - 1);
    if (depth === 0 && separator.test(sign)) {
      words.push(word);
      word = "";
    } else word += sign;
  }
  return [...words, word].map((each) => each.trim()).filter((each) => each !== "");
}
