import { tokenizeCedar, type CedarToken } from "./tokenize-cedar.ts";

/** One rule of a text. */
export interface RuleText {
  /** Its `@id`; null: it is named by its text and its place. */
  readonly id: string | null;
  readonly effect: "permit" | "forbid" | null;
  /** Of the text, where the rule itself begins. */
  readonly line: number;
  /** With the comments before it. */
  readonly tokens: readonly CedarToken[];
}

/** A text at the semicolons that end its rules. What follows the last one, comments say, is no rule. */
export function splitRules(text: string): readonly RuleText[] {
  const rules: RuleText[] = [];
  let [tokens, line]: [CedarToken[], number] = [[], 1];
  for (const token of tokenizeCedar(text)) {
    const parts = token.kind === "plain" ? token.text.split(/(?<=;)/) : [token.text];
    for (const part of parts) {
      tokens.push({ kind: token.kind, text: part });
      if (token.kind !== "plain" || !part.endsWith(";")) continue;
      rules.push(toRule(tokens, line));
      line += countLines(tokens);
      tokens = [];
    }
  }
  const isRest = tokens.every(({ kind, text: each }) => kind === "comment" || each.trim() === "");
  return isRest ? rules : [...rules, toRule(tokens, line)];
}

function toRule(all: readonly CedarToken[], line: number): RuleText {
  const first = all.findIndex(({ text }) => text.trim() !== "");
  const tokens = trimStart(all.slice(Math.max(first, 0)));
  const begins = all.findIndex(({ kind }) => kind === "annotation" || kind === "keyword");
  const before = all.slice(0, Math.max(begins, 0));
  const id = all.findIndex(({ kind, text }) => kind === "annotation" && text === "@id");
  const word = all.find(({ text }) => text === "permit" || text === "forbid")?.text;
  return {
    id: id === -1 ? null : toName(all.slice(id)),
    effect: word === "permit" || word === "forbid" ? word : null,
    line: line + countLines(before),
    tokens,
  };
}

function toName(tokens: readonly CedarToken[]): string | null {
  const text = tokens.find(({ kind }) => kind === "string")?.text ?? null;
  return text === null ? null : text.replace(/^"|"$/g, "");
}

function trimStart(tokens: readonly CedarToken[]): readonly CedarToken[] {
  const [first, ...rest] = tokens;
  return first === undefined ? [] : [{ ...first, text: first.text.trimStart() }, ...rest];
}

function countLines(tokens: readonly CedarToken[]): number {
  return tokens.reduce((sum, { text }) => sum + text.split("\n").length - 1, 0);
}
