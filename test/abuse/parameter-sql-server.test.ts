import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  builtInFunctions,
  builtInOperators,
  builtInTypes,
  extensionOperators,
} from "../../src/policy/parameters/sql-built-in.ts";
import { compileSqlCheck } from "../../src/policy/parameters/check-sql.ts";
import type { SqlType } from "../../src/model/parameter-types.ts";
import { outputColumns } from "../../src/policy/parameters/sql-columns.ts";
import { loadSqlParser } from "../../src/policy/parameters/sql-parser.ts";
import { usePostgres } from "../postgres.ts";

const postgres = usePostgres();
let client: pg.Client;
beforeAll(async () => {
  client = new pg.Client({ connectionString: await postgres.freshDatabase() });
  await client.connect();
});
afterAll(() => client.end());

async function names(text: string): Promise<readonly string[]> {
  const { rows } = await client.query<{ name: string }>(text);
  return rows.map(({ name }) => name);
}

test("each allowed function is there, and none of its forms has effects", async () => {
  const all = await names(
    "select distinct proname as name from pg_proc where pronamespace = 'pg_catalog'::regnamespace",
  );
  expect([...builtInFunctions].filter((name) => !all.includes(name))).toEqual([]);
  const unfit = await names(
    "select distinct proname as name from pg_proc where provolatile = 'v' or prorettype = 'trigger'::regtype or prokind = 'p'",
  );
  expect([...builtInFunctions].filter((name) => unfit.includes(name))).toEqual([]);
});

test("no allowed function takes what it could look up or run: a name of an object, or SQL", async () => {
  const takers = await names(
    "select distinct proname as name from pg_proc where proargtypes::oid[] && array['regclass'::regtype, 'regproc'::regtype, 'regprocedure'::regtype, 'refcursor'::regtype, 'regnamespace'::regtype]::oid[]",
  );
  expect([...builtInFunctions].filter((name) => takers.includes(name))).toEqual([]);
});

test("each allowed operator is there, and its function has no effects", async () => {
  const all = await names("select distinct oprname as name from pg_operator");
  const missing = [...builtInOperators].filter(
    (name) => !all.includes(name) && !extensionOperators.has(name),
  );
  expect(missing.filter((name) => name !== "!=")).toEqual([]);
  const unfit = await names(
    "select distinct oprname as name from pg_operator o join pg_proc p on p.oid = o.oprcode where p.provolatile = 'v'",
  );
  expect(unfit).toEqual([]);
});

test("each allowed type is there", async () => {
  const all = await names(
    "select typname as name from pg_type where typnamespace = 'pg_catalog'::regnamespace",
  );
  expect([...builtInTypes].filter((name) => !all.includes(name))).toEqual([]);
});

const type: SqlType = { type: "sql", mode: "read", statements: 1, functions: [] };

test("a function that is called as a column runs on the server, and is refused", async () => {
  await loadSqlParser();
  const check = compileSqlCheck(type);
  await client.query("create table t (a text, b float8)");
  await client.query("insert into t values ('PG_VERSION', 0.001)");
  for (const text of [
    "select (0.001::float8).pg_sleep",
    "select ('PG_VERSION'::text).pg_read_file",
    "select (t.a).pg_read_file from t",
    "select (t.b).pg_sleep from t",
    "select (array['PG_VERSION'])[1].pg_read_file",
    "select (select a from t).pg_read_file",
    "select x.pg_sleep from generate_series(1, 1) x",
    "select generate_series.pg_sleep from generate_series(0, 0)",
    "select x.pg_read_file from unnest(array['PG_VERSION']) x",
    "select x.pg_read_file from unnest(array['PG_VERSION']) x(a)",
    "select x.pg_read_file from rows from (unnest(array['PG_VERSION'])) x",
    "select x.pg_read_file from cast('PG_VERSION' as text) x",
    "select x.pg_read_file from coalesce('PG_VERSION'::text) x",
    "select \"coalesce\".pg_read_file from coalesce('PG_VERSION'::text)",
    "select pg_read_file.pg_read_file from json_array_elements_text('[\"PG_VERSION\"]') pg_read_file",
    "select (select x.pg_read_file) from unnest(array['PG_VERSION']) x",
    "select x.pg_read_file from unnest(array['PG_VERSION']) x where exists (select 1 from t x)",
    "select x.pg_read_file from unnest(array['PG_VERSION']) x where exists (select x.pg_read_file from unnest(array[1]) x(pg_read_file))",
    "select unnest.pg_read_file from unnest(array['PG_VERSION']) where exists (select 1 from t unnest)",
    "select x.pg_read_file from t cross join unnest(array['PG_VERSION']) x",
  ]) {
    expect((await client.query(text)).rowCount, text).toBe(1);
    expect(check(text), text).toMatch(/may be a function call|without an alias/);
  }
});

test("of what is not refused as a call, rows call nothing with effects", async () => {
  const takers = await names(
    `select distinct proname as name from pg_proc
     where provolatile = 'v' and pronargs - pronargdefaults <= 1 and proargtypes[0] in (
       'record'::regtype, '"any"'::regtype, 'anyelement'::regtype, 'anynonarray'::regtype,
       'anycompatible'::regtype, 'anycompatiblenonarray'::regtype)`,
  );
  // These are refused by their prefix.
  expect(takers.filter((name) => !name.startsWith("pg_"))).toEqual([]);
  for (const name of takers) {
    expect(compileSqlCheck(type)(`select t.${name} from t`)).toContain("function call");
    expect(compileSqlCheck(type)(`select public.t.${name} from t`)).toContain("function call");
  }
  const all = await names("select distinct proname as name from pg_proc");
  expect([...outputColumns].filter((name) => all.includes(name))).toEqual([]);
});

test("what is accepted runs where nothing can be written", async () => {
  const check = compileSqlCheck(type);
  await client.query("begin read only");
  for (const text of [
    "select e.key, e.value from json_each('{\"a\": 1}') e",
    "select x.n from generate_series(1, 3) x(n)",
    "select x.n, x.ordinality from unnest(array[1]) with ordinality x(n)",
    "select r.a from json_to_recordset('[{\"a\": 1}]') as r(a int)",
    "with s as (select a, b from t) select s.a, y.b, t.a from s join (select * from s) y on y.b = s.b, t",
    "select t.a, count(*) over (partition by t.b order by t.a) from t group by t.a, t.b",
    "explain (format json) select * from t",
    "table t",
  ]) {
    expect(check(text), text).toBeNull();
    await client.query(text);
  }
  await client.query("rollback");
});
