import { isTree, type Tree } from "./sql-tree.ts";

/** What libpg-query, the parser of Postgres itself as wasm, says of a text. */
export type ParsedSql =
  | { readonly kind: "parsed"; readonly statements: readonly Tree[] }
  | { readonly kind: "refused"; readonly why: string };

interface Library {
  readonly parseSync: (text: string) => unknown;
  readonly hasSqlDetails: (error: unknown) => boolean;
}

let library: Library | null = null;
let isBroken = false;

/** Once at start: a check is synchronous, and reading the wasm is not. */
export async function loadSqlParser(): Promise<void> {
  const loaded = await import("libpg-query");
  await loaded.loadModule();
  library = loaded;
}

export function isSqlParserLoaded(): boolean {
  return library !== null;
}

// Longer is no query that an agent writes; nested comments cost the lexer their square.
const maxLength = 16_384;
const maxComments = 50;
// A list is not deep, but each of its items is a message of the tree: some 3 µs.
const maxItems = 2_000;
// Each can make the tree one deeper, and the parser recurses: four times as many still fit its stack.
const maxBranches = 500;
const branches =
  /-+|\+|[*/<>=~!@#%^&|?:`]+|[([]|\b(?:not|case|union|intersect|except|join|at|collate|select|with|values|table|explain)\b/gi;

/** One text, whole: what Postgres would read is what is in the tree, or nothing is. */
export function parseSql(text: string): ParsedSql {
  const why = findUnreadable(text);
  if (why !== null) return { kind: "refused", why };
  if (library === null || isBroken)
    return { kind: "refused", why: "cannot be checked: there is no parser" };
  try {
    const result = library.parseSync(text);
    const statements = isTree(result) ? (result["stmts"] ?? []) : null;
    if (!Array.isArray(statements)) return { kind: "refused", why: "is not SQL" };
    return { kind: "parsed", statements: statements as readonly Tree[] };
  } catch (error) {
    // Anything but a syntax error leaves the wasm's memory in an unknown state: no more of it.
    if (!library.hasSqlDetails(error)) isBroken = true;
    return { kind: "refused", why: "is not SQL that Postgres can read" };
  }
}

/** What the parser and the database could read differently, or what costs too much to parse. */
function findUnreadable(text: string): string | null {
  if (text.trim() === "") return "is empty";
  if (text.length > maxLength) return `is longer than ${maxLength} characters`;
  if (!text.isWellFormed()) return "holds half of a character";
  if (/(?![\t\n\f\r])\p{Cc}/u.test(text)) return "holds a control character";
  // With standard_conforming_strings off the database goes on reading where the parser stops.
  if (/(?<!\\)(?:\\\\)*\\'/.test(text)) return "holds a backslash before a quote; double the quote";
  if (text.split("/*").length > maxComments + 1) return `has more than ${maxComments} comments`;
  if (text.split(",").length > maxItems) return `has more than ${maxItems} items in its lists`;
  const count = text.match(branches)?.length ?? 0;
  return count > maxBranches
    ? `has more than ${maxBranches} operators, brackets and sub-queries`
    : null;
}
