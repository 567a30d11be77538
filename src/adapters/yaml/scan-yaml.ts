import { Lexer } from "yaml";

/** A megabyte is some thirty thousand keys: more than a person maintains in one file. */
export const maxDocumentBytes = 1_048_576;

// Measured: the parser spends about a second on 200,000 lexemes that are all wrong and four on
// a megabyte of them, on the thread that serves requests. So the tighter bound is this one.
const maxLexemes = 200_000;
const maxFlowDepth = 64;

/** What the lexer emits beside the source itself: start of a document, of a scalar, end of a flow. */
const marks: readonly string[] = ["\u0002", "\u0018", "\u001f"];

export interface Refusal {
  readonly offset: number;
  readonly message: string;
}

/** Refuses what would make the parser slow or deep before it sees it; null: it may. */
export function scanYaml(text: string): Refusal | null {
  if (Buffer.byteLength(text) > maxDocumentBytes) {
    return { offset: 0, message: "the document is larger than 1MiB" };
  }
  return findCharacter(text) ?? findExcess(text);
}

function findCharacter(text: string): Refusal | null {
  const offset = text.search(
    /[^\t\n\r\u0020-\u007e\u0085\u00a0-\ufffd\u{10000}-\u{10ffff}]|\p{Surrogate}/u,
  );
  if (offset === -1) return null;
  const code = text.charCodeAt(offset).toString(16).toUpperCase().padStart(4, "0");
  return { offset, message: `the document holds U+${code}, which is no text` };
}

function findExcess(text: string): Refusal | null {
  let offset = 0;
  let depth = 0;
  let count = 0;
  let previous = "";
  for (const lexeme of new Lexer().lex(text)) {
    count += 1;
    if (count > maxLexemes) {
      return { offset, message: `the document holds more than ${maxLexemes} words and signs` };
    }
    // What follows the scalar mark is text, whatever it looks like.
    if (previous !== "\u001f") {
      if (lexeme === "[" || lexeme === "{") depth += 1;
      if (lexeme === "]" || lexeme === "}") depth -= 1;
      if (isUnclosed(lexeme))
        return { offset, message: "the quote that opens here is never closed" };
    }
    if (depth > maxFlowDepth) {
      return { offset, message: `the document is nested deeper than ${maxFlowDepth} levels` };
    }
    if (!marks.includes(lexeme)) offset += lexeme.length;
    previous = lexeme;
  }
  return null;
}

/** The parser would name the end of the document instead of where the quote began. */
function isUnclosed(lexeme: string): boolean {
  const quote = lexeme[0];
  if (quote !== '"' && quote !== "'") return false;
  return lexeme.length === 1 || !lexeme.endsWith(quote);
}
