import { quote } from "./spelling.ts";
import { isTree, toNames, type Tree } from "./sql-tree.ts";

/**
 * Postgres takes `x.f` for the call `f(x)` where x has no column f, and `(…).f` as well: so
 * `x.pg_read_file` reads a file if x is the text of a function in FROM. Rows of tables and of
 * sub-queries are safe but for names in pg_: no other built-in function with effects takes a row.
 * What a function in FROM gives may be any value, and so only columns that are certain to be there
 * may be named. test/abuse/parameter-sql-server shows both on a real server.
 */
export interface Qualifiers {
  readonly rows: ReadonlySet<string>;
  /** By alias, the columns that it names itself. */
  readonly functions: ReadonlyMap<string, ReadonlySet<string>>;
}

// Columns of the built-in functions that have named ones; no function is called so.
export const outputColumns: ReadonlySet<string> = new Set(
  "key value ordinality lexeme positions weights".split(" "),
);

/** Of the whole statement: an alias that means two things is as suspicious as both. */
export function findQualifiers(statement: Tree): Qualifiers {
  const rows = new Set<string>();
  const functions = new Map<string, ReadonlySet<string>>();
  const pending: unknown[] = [statement];
  while (pending.length > 0) {
    const value = pending.pop();
    if (typeof value !== "object" || value === null) continue;
    for (const [type, each] of Object.entries(value)) {
      pending.push(each);
      if (!isTree(each)) continue;
      const alias = aliasOf(each["alias"]);
      if (type === "RangeFunction") {
        const name = alias ?? calledName(each) ?? "";
        const [columns, before] = [columnsOf(each), functions.get(name)];
        // Of two with one alias, what both have.
        const common = [...columns].filter((column) => before?.has(column) ?? true);
        functions.set(name, new Set(common));
      } else if (type === "RangeVar") rows.add(alias ?? String(each["relname"]));
      else if (type === "RangeSubselect" || type === "JoinExpr")
        for (const name of [alias, aliasOf(each["join_using_alias"])])
          if (name !== null) rows.add(name);
    }
  }
  return { rows, functions };
}

function aliasOf(alias: unknown): string | null {
  const name = isTree(alias) ? alias["aliasname"] : null;
  return typeof name === "string" ? name : null;
}

/** Without an alias a function in FROM is called as itself; other expressions, as Postgres likes. */
function calledName({ functions }: Tree): string | null {
  const first: unknown = Array.isArray(functions) ? functions[0] : null;
  const items = isTree(first) && isTree(first["List"]) ? first["List"]["items"] : null;
  const call: unknown = Array.isArray(items) ? items[0] : null;
  const names =
    isTree(call) && isTree(call["FuncCall"]) ? toNames(call["FuncCall"]["funcname"]) : null;
  return names?.at(-1) ?? null;
}

export function findNameless(tree: Tree): string | null {
  return aliasOf(tree["alias"]) === null && calledName(tree) === null
    ? "has an expression in FROM without an alias"
    : null;
}

function columnsOf({ alias, coldeflist }: Tree): ReadonlySet<string> {
  const named = isTree(alias) ? (toNames(alias["colnames"]) ?? []) : [];
  const defined = (Array.isArray(coldeflist) ? (coldeflist as readonly unknown[]) : []).flatMap(
    (each) => {
      const name = isTree(each) && isTree(each["ColumnDef"]) ? each["ColumnDef"]["colname"] : null;
      return typeof name === "string" ? [name] : [];
    },
  );
  return new Set([...named, ...defined]);
}

export function findWrongColumn(tree: Tree, { rows, functions }: Qualifiers): string | null {
  const fields = Array.isArray(tree["fields"]) ? (tree["fields"] as readonly unknown[]) : [];
  const last = fields.at(-1);
  if (isTree(last) && isTree(last["A_Star"])) return null;
  const names = toNames(fields);
  if (names === null || names.length > 3) return "names a column with its database";
  // What takes any row and has effects is one of Postgres' own, whose prefix nobody else should use.
  if (names.length > 1 && names.at(-1)!.startsWith("pg_"))
    return `uses ${quote(names.join("."))}, which may be a function call`;
  // A schema stands before tables alone.
  if (names.length !== 2) return null;
  const [qualifier, column] = names as [string, string];
  const columns = functions.get(qualifier);
  if (columns !== undefined) {
    if (columns.has(column) || outputColumns.has(column)) return null;
    return `uses ${quote(`${qualifier}.${column}`)}, which may be a function call; name the column after the alias, ${quote(`${qualifier}(${column})`)}`;
  }
  return rows.has(qualifier)
    ? null
    : `uses ${quote(`${qualifier}.${column}`)} without that alias, which may be a function call`;
}

/** `(x).f` and `x[1].f`; `(x).*` and `x[1]` call nothing. */
export function findWrongIndirection(tree: Tree): string | null {
  const parts = Array.isArray(tree["indirection"])
    ? (tree["indirection"] as readonly unknown[])
    : [];
  return parts.every(
    (part) => isTree(part) && (isTree(part["A_Star"]) || isTree(part["A_Indices"])),
  )
    ? null
    : "uses a field of an expression, which may be a function call";
}
