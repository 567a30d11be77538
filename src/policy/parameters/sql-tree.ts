/** One message of the parser's tree, as JSON. */
export type Tree = { readonly [field: string]: unknown };

export function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * What a field holds. `text`: a value without a tree; `node`: one wrapped in its type's name;
 * `nodes`: a list of them; `leaf`: a tree that is only a value; else the type it holds unwrapped.
 */
type Field = "text" | "node" | "nodes" | "leaf" | `=${string}`;

const alias = { alias: "=Alias" } as const;

/** Every type of node, with every field, that a statement may hold that only reads. */
export const readNodes: Readonly<Record<string, Readonly<Record<string, Field>>>> = {
  SelectStmt: {
    distinctClause: "nodes",
    targetList: "nodes",
    fromClause: "nodes",
    whereClause: "node",
    groupClause: "nodes",
    groupDistinct: "text",
    havingClause: "node",
    windowClause: "nodes",
    valuesLists: "nodes",
    sortClause: "nodes",
    limitOffset: "node",
    limitCount: "node",
    limitOption: "text",
    withClause: "=WithClause",
    op: "text",
    all: "text",
    larg: "=SelectStmt",
    rarg: "=SelectStmt",
  },
  WithClause: { ctes: "nodes", recursive: "text" },
  CommonTableExpr: {
    ctename: "text",
    aliascolnames: "nodes",
    ctematerialized: "text",
    ctequery: "node",
    search_clause: "=CTESearchClause",
    cycle_clause: "=CTECycleClause",
  },
  CTESearchClause: {
    search_col_list: "nodes",
    search_breadth_first: "text",
    search_seq_column: "text",
  },
  CTECycleClause: {
    cycle_col_list: "nodes",
    cycle_mark_column: "text",
    cycle_mark_value: "node",
    cycle_mark_default: "node",
    cycle_path_column: "text",
  },
  ResTarget: { name: "text", val: "node" },
  ColumnRef: { fields: "nodes" },
  A_Star: {},
  A_Const: {
    isnull: "text",
    ival: "leaf",
    fval: "leaf",
    boolval: "leaf",
    sval: "leaf",
    bsval: "leaf",
  },
  String: { sval: "text" },
  Integer: { ival: "text" },
  Float: { fval: "text" },
  Boolean: { boolval: "text" },
  ParamRef: { number: "text" },
  TypeCast: { arg: "node", typeName: "=TypeName" },
  TypeName: { names: "nodes", typmods: "nodes", typemod: "text", arrayBounds: "nodes" },
  FuncCall: {
    funcname: "nodes",
    args: "nodes",
    agg_order: "nodes",
    agg_filter: "node",
    over: "=WindowDef",
    agg_within_group: "text",
    agg_star: "text",
    agg_distinct: "text",
    func_variadic: "text",
    funcformat: "text",
  },
  NamedArgExpr: { arg: "node", name: "text", argnumber: "text" },
  A_Expr: {
    kind: "text",
    name: "nodes",
    lexpr: "node",
    rexpr: "node",
    rexpr_list_start: "text",
    rexpr_list_end: "text",
  },
  BoolExpr: { boolop: "text", args: "nodes" },
  NullTest: { arg: "node", nulltesttype: "text" },
  BooleanTest: { arg: "node", booltesttype: "text" },
  SubLink: { subLinkType: "text", testexpr: "node", operName: "nodes", subselect: "node" },
  CaseExpr: { arg: "node", args: "nodes", defresult: "node" },
  CaseWhen: { expr: "node", result: "node" },
  CoalesceExpr: { args: "nodes" },
  MinMaxExpr: { op: "text", args: "nodes" },
  SQLValueFunction: { op: "text", typmod: "text" },
  RowExpr: { args: "nodes", row_format: "text", colnames: "nodes" },
  A_ArrayExpr: { elements: "nodes", list_start: "text", list_end: "text" },
  A_Indirection: { arg: "node", indirection: "nodes" },
  A_Indices: { is_slice: "text", lidx: "node", uidx: "node" },
  CollateClause: { arg: "node", collname: "nodes" },
  GroupingFunc: { args: "nodes" },
  GroupingSet: { kind: "text", content: "nodes" },
  SortBy: { node: "node", sortby_dir: "text", sortby_nulls: "text", useOp: "nodes" },
  WindowDef: {
    name: "text",
    refname: "text",
    partitionClause: "nodes",
    orderClause: "nodes",
    frameOptions: "text",
    startOffset: "node",
    endOffset: "node",
  },
  RangeVar: {
    schemaname: "text",
    relname: "text",
    inh: "text",
    relpersistence: "text",
    ...alias,
  },
  RangeSubselect: { lateral: "text", subquery: "node", ...alias },
  RangeFunction: {
    lateral: "text",
    ordinality: "text",
    is_rowsfrom: "text",
    functions: "nodes",
    coldeflist: "nodes",
    ...alias,
  },
  RangeTableSample: { relation: "node", method: "nodes", args: "nodes", repeatable: "node" },
  ColumnDef: { colname: "text", typeName: "=TypeName", is_local: "text" },
  JoinExpr: {
    jointype: "text",
    isNatural: "text",
    larg: "node",
    rarg: "node",
    usingClause: "nodes",
    join_using_alias: "=Alias",
    quals: "node",
    ...alias,
  },
  Alias: { aliasname: "text", colnames: "nodes" },
  List: { items: "nodes" },
};

/** `pg_catalog.lower` of a list of names, each its own entry; null where it is no such list. */
export function toNames(list: unknown): readonly string[] | null {
  if (!Array.isArray(list)) return null;
  const names = (list as readonly unknown[]).map((each) => {
    const name = isTree(each) && isTree(each["String"]) ? each["String"]["sval"] : null;
    return typeof name === "string" ? name : null;
  });
  return names.every((name) => name !== null) ? names : null;
}
