export type CedarKind =
  | "annotation"
  | "comment"
  | "string"
  | "keyword"
  | "variable"
  | "entity"
  | "number"
  | "plain";

export interface CedarToken {
  readonly kind: CedarKind;
  readonly text: string;
}

const shapes: readonly (readonly [CedarKind, RegExp])[] = [
  ["comment", /\/\/[^\n]*/y],
  // One that does not end goes to the end of the text.
  ["string", /"(?:\\[^]|[^"\\])*(?:"|$)/y],
  ["annotation", /@[A-Za-z_]\w*/y],
  ["entity", /[A-Za-z_]\w*(?:::[A-Za-z_]\w*)*(?=::)/y],
  ["keyword", /\b(?:permit|forbid|when|unless|if|then|else|in|has|like|is|true|false)\b/y],
  ["variable", /\b(?:principal|action|resource|context)\b/y],
  ["number", /\b\d+\b/y],
  ["plain", /[A-Za-z_]\w*|\s+|::|[^]/y],
];

/** What a text of Cedar is made of. Joining the tokens gives the text, whatever it is. */
export function tokenizeCedar(text: string): readonly CedarToken[] {
  const tokens: CedarToken[] = [];
  let at = 0;
  while (at < text.length) {
    const token = readToken(text, at);
    at += token.text.length;
    const last = tokens.at(-1);
    if (token.kind === "plain" && last?.kind === "plain")
      tokens[tokens.length - 1] = { kind: "plain", text: last.text + token.text };
    else tokens.push(token);
  }
  return tokens;
}

function readToken(text: string, at: number): CedarToken {
  for (const [kind, shape] of shapes) {
    shape.lastIndex = at;
    const found = shape.exec(text);
    if (found !== null && found[0] !== "") return { kind, text: found[0] };
  }
  return { kind: "plain", text: text[at]! };
}
