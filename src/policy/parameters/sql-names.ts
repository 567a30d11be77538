import type { SqlType } from "../../model/parameter-types.ts";
import { quote } from "./spelling.ts";
import { builtInFunctions, builtInOperators, builtInTypes } from "./sql-built-in.ts";
import {
  findNameless,
  findWrongColumn,
  findWrongIndirection,
  type Qualifiers,
} from "./sql-columns.ts";
import { toNames, type Tree } from "./sql-tree.ts";

/** What a statement may call by name: tables, functions, operators, types. */
export interface SqlNames {
  /** What is wrong with the names of this node itself, those below it left out. */
  readonly findWrong: (type: string, tree: Tree, around: Around) => string | null;
}

export interface Around {
  /** Names that stand for a WITH query where they are looked up, and not for a table. */
  readonly scope: ReadonlySet<string>;
  readonly qualifiers: Qualifiers;
}

export function compileSqlNames({ tables, functions }: SqlType): SqlNames {
  const listed = tables === undefined ? null : new Set(tables);
  const extra: ReadonlySet<string> = new Set(functions);
  return {
    findWrong: (type, tree, { scope, qualifiers }) => {
      switch (type) {
        case "RangeVar":
          return findWrongTable(tree, scope, listed);
        case "ColumnRef":
          return findWrongColumn(tree, qualifiers);
        case "RangeFunction":
          return findNameless(tree);
        case "A_Indirection":
          return findWrongIndirection(tree);
        case "FuncCall":
          return findWrongFunction(tree, extra);
        case "TypeName":
          return findWrongName(tree["names"], { known: builtInTypes, what: "the type" });
        case "A_Expr":
          // The grammar's own words stand where others have an operator.
          return /BETWEEN/.test(String(tree["kind"])) ? null : findWrongOperator(tree["name"]);
        case "SubLink":
          return findWrongOperator(tree["operName"]);
        case "SortBy":
          return findWrongOperator(tree["useOp"]);
        case "RangeTableSample":
          return findWrongName(tree["method"], { known: sampling, what: "the sampling method" });
        default:
          return null;
      }
    },
  };
}

const sampling: ReadonlySet<string> = new Set(["system", "bernoulli"]);

function findWrongTable(
  tree: Tree,
  scope: ReadonlySet<string>,
  listed: ReadonlySet<string> | null,
): string | null {
  const [schema, table] = [tree["schemaname"] ?? null, tree["relname"]];
  if (typeof table !== "string" || (schema !== null && typeof schema !== "string"))
    return "reads what has no name";
  if (schema === null && scope.has(table)) return null;
  if (listed === null) return findSystemTable(schema, table);
  // What an unqualified name means is for the search path of the session, which is not seen here.
  if (schema === null) return `reads ${quote(table)} without its schema; write schema.table`;
  // A quoted name may hold a dot, and then is not the entry that it looks like.
  if (schema.includes(".") || table.includes(".")) return "reads a table with a dot in its name";
  const isListed = table !== "*" && (listed.has(`${schema}.${table}`) || listed.has(`${schema}.*`));
  return isListed ? null : `reads ${quote(`${schema}.${table}`)}, which is not listed`;
}

/** The catalogs hold what everybody else is doing, and some secrets; pg_catalog needs no schema. */
function findSystemTable(schema: string | null, table: string): string | null {
  const isSystem =
    schema === null
      ? table.startsWith("pg_")
      : schema.startsWith("pg_") || schema === "information_schema";
  return isSystem ? `reads ${quote(table)} of the system catalogs` : null;
}

function findWrongFunction(tree: Tree, extra: ReadonlySet<string>): string | null {
  const names = toNames(tree["funcname"]);
  if (names === null) return "calls what has no name";
  if (names.length <= 2 && names.every((name) => !name.includes(".")) && extra.has(names.join(".")))
    return null;
  return findWrongName(tree["funcname"], { known: builtInFunctions, what: "the function" });
}

function findWrongOperator(list: unknown): string | null {
  return list === undefined
    ? null
    : findWrongName(list, { known: builtInOperators, what: "the operator" });
}

/** Unqualified, or of pg_catalog, which is searched first. */
function findWrongName(
  list: unknown,
  { known, what }: { known: ReadonlySet<string>; what: string },
): string | null {
  const names = toNames(list);
  const [last, schema, ...more] = [...(names ?? [])].reverse();
  const isKnown =
    last !== undefined &&
    known.has(last) &&
    (schema === undefined || schema === "pg_catalog") &&
    more.length === 0;
  return isKnown ? null : `uses ${what} ${quote((names ?? []).join("."))}, which is not allowed`;
}
