import type { SqlType } from "../../model/parameter-types.ts";
import { quote, toList, type ValueCheck } from "./spelling.ts";
import { isSqlParserLoaded, parseSql } from "./sql-parser.ts";
import { findQualifiers } from "./sql-columns.ts";
import { compileSqlNames, type Around, type SqlNames } from "./sql-names.ts";
import { isTree, readNodes, type Tree } from "./sql-tree.ts";

/**
 * The grammar is that of Postgres, so the server must be Postgres: another database reads other
 * comments, quotes and escapes. What stands behind a name is the database's own: views, rules, row
 * security policies, foreign tables, its own forms of built-in functions and operators, functions
 * of a table's row that are written like a column. So are the rights of its role: give it one that
 * can only read, and a statement timeout, for no list bounds how long a join takes.
 */
export function compileSqlCheck(type: SqlType): ValueCheck<string> {
  if (!isSqlParserLoaded()) throw new TypeError("loadSqlParser comes before a check of SQL");
  const names = compileSqlNames(type);
  const tables = type.tables === undefined ? "" : ` of ${toList(type.tables)}`;
  const allowed = `allowed is one reading statement${tables}`;
  return (text) => {
    const why = findWrong(text, names);
    return why === null ? null : `${why}; ${allowed}: ${quote(text)}`;
  };
}

function findWrong(text: string, names: SqlNames): string | null {
  const parsed = parseSql(text);
  if (parsed.kind === "refused") return parsed.why;
  const [first, ...more] = parsed.statements;
  if (first === undefined) return "holds no statement";
  if (more.length > 0) return "holds more than one statement";
  const statement = first["stmt"];
  if (!isTree(statement)) return "holds no statement";
  const [explained] = Object.entries(statement);
  if (explained?.[0] !== "ExplainStmt" || !isTree(explained[1]))
    return explained?.[0] === "SelectStmt"
      ? findInStatement(statement, names)
      : refuseType(explained?.[0] ?? "");
  const { query, options, ...unknown } = explained[1];
  if (Object.keys(unknown).length > 0 || !isTree(query) || !isTree(query["SelectStmt"]))
    return "explains what does not read";
  return findWrongOption(options) ?? findInStatement(query, names);
}

function findInStatement(statement: Tree, names: SqlNames): string | null {
  const around = { scope: new Set<string>(), qualifiers: findQualifiers(statement) };
  return findInNode(statement, around, names);
}

// ANALYZE runs the statement; what is not listed may come to.
const explainOptions = new Set(["verbose", "costs", "format", "summary", "settings", "buffers"]);

function findWrongOption(options: unknown): string | null {
  for (const option of Array.isArray(options) ? (options as readonly unknown[]) : []) {
    const element = isTree(option) && isTree(option["DefElem"]) ? option["DefElem"] : {};
    const name = element["defname"];
    if (typeof name !== "string" || !explainOptions.has(name))
      return `has the EXPLAIN option ${quote(String(name))}`;
  }
  return null;
}

/** A node is wrapped in the name of its type; an empty one is an empty place of a list. */
function findInNode(wrapped: unknown, around: Around, names: SqlNames): string | null {
  if (!isTree(wrapped)) return "holds what is not known to read only";
  const [entry, ...more] = Object.entries(wrapped);
  if (entry === undefined) return null;
  const [type, tree] = entry;
  if (more.length > 0 || !isTree(tree)) return "holds what is not known to read only";
  return findInTree(tree, { type, around }, names);
}

interface Place {
  readonly type: string;
  readonly around: Around;
}

function findInTree(tree: Tree, { type, around }: Place, names: SqlNames): string | null {
  if (!Object.hasOwn(readNodes, type)) return refuseType(type);
  const fields = readNodes[type]!;
  const why = names.findWrong(type, tree, around);
  if (why !== null) return why;
  if (type === "WithClause") return findInQueries(tree, around, names);
  const inner = type === "SelectStmt" ? withQueries(tree["withClause"], around) : around;
  for (const [field, value] of Object.entries(tree)) {
    if (field === "location" || field.endsWith("_location")) continue;
    const kind = Object.hasOwn(fields, field) ? fields[field]! : null;
    if (kind === null) return refuseField(field);
    const isWith = field === "withClause";
    const found = findInField(value, { type: kind, around: isWith ? around : inner }, names);
    if (found !== null) return found;
  }
  return null;
}

function findInField(value: unknown, { type, around }: Place, names: SqlNames): string | null {
  if (type === "leaf") return null;
  if (type === "text")
    return typeof value === "object" ? "holds what is not known to read only" : null;
  if (type === "node") return findInNode(value, around, names);
  if (type !== "nodes")
    return isTree(value)
      ? findInTree(value, { type: type.slice(1), around }, names)
      : "holds what is not known to read only";
  if (!Array.isArray(value)) return "holds what is not known to read only";
  for (const each of value as readonly unknown[]) {
    const found = findInNode(each, around, names);
    if (found !== null) return found;
  }
  return null;
}

/** A query of WITH sees those before it; with RECURSIVE it sees itself and all of them. */
function findInQueries(clause: Tree, outer: Around, names: SqlNames): string | null {
  const { ctes, recursive, location: _location, ...unknown } = clause;
  if (Object.keys(unknown).length > 0 || !Array.isArray(ctes))
    return "holds what is not known to read only";
  let around = recursive === true ? withQueries(clause, outer) : outer;
  for (const each of ctes as readonly unknown[]) {
    const found = findInNode(each, around, names);
    if (found !== null) return found;
    around = withNames(around, [each]);
  }
  return null;
}

function withQueries(clause: unknown, around: Around): Around {
  if (!isTree(clause)) return around;
  const queries = clause["ctes"];
  return Array.isArray(queries) ? withNames(around, queries as readonly unknown[]) : around;
}

function withNames(around: Around, queries: readonly unknown[]): Around {
  const added = queries.flatMap((query) => {
    const tree = isTree(query) ? query["CommonTableExpr"] : null;
    const name = isTree(tree) ? tree["ctename"] : null;
    return typeof name === "string" ? [name] : [];
  });
  return { ...around, scope: new Set([...around.scope, ...added]) };
}

function refuseField(field: string): string {
  if (field === "intoClause") return "writes a table with SELECT INTO";
  if (field === "lockingClause") return "locks rows with FOR UPDATE or FOR SHARE";
  if (field === "catalogname") return "names a database before a table's schema";
  return `holds ${field}, which is not known to read only`;
}

/** `DeleteStmt` → DELETE, `JsonTable` → JSON TABLE. */
function refuseType(type: string): string {
  const words = type.replace(/(?:Stmt|Expr)$/, "").replace(/([a-z])([A-Z])/g, "$1 $2");
  return `holds ${words.toUpperCase()}, which is not known to read only`;
}
