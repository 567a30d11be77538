import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { scaled, seed } from "../../../test/scale.ts";
import { compileSqlCheck } from "./check-sql.ts";
import type { SqlType } from "../../model/parameter-types.ts";
import { loadSqlParser } from "./sql-parser.ts";
import type { ValueCheck } from "./spelling.ts";

const type: SqlType = { type: "sql", mode: "read", statements: 1, functions: [] };
const tables = ["app.users", "app.orders", "app.Quoted", "open.*"];
let any: ValueCheck<string>;
let listed: ValueCheck<string>;
let extended: ValueCheck<string>;

beforeAll(async () => {
  await loadSqlParser();
  any = compileSqlCheck(type);
  listed = compileSqlCheck({ ...type, tables });
  extended = compileSqlCheck({ ...type, functions: ["similarity", "app.rank_of"] });
});

test.each([
  "select 1",
  "  select 1 ;  ",
  "select 1 /* a comment */ -- another",
  "table users",
  "values (1, 'a'), (2, 'b')",
  "explain select 1",
  "explain (verbose, costs false, format json) select 1",
  "select distinct on (a) a, b from t order by a using < limit 10 offset 5",
  "select count(*) filter (where a), sum(a) over w from t window w as (partition by a order by a rows between 1 preceding and current row)",
  "select a[1:2], (b).*, a.*, a.b, app.t.c from t a",
  "select array(select 1), exists(select 1), a in (1,2), a not in (select 1), a = any(array[1]), a between 1 and 2 from t",
  "select extract(year from now()), substring(a from 1 for 2), a like b escape 'c', a at time zone 'x', trim(a), position(a in b) from t",
  "with recursive x(n) as (select 1 union all select n+1 from x where n < 5) search depth first by n set o cycle n set c using p select * from x",
  'select case a when 1 then 2 else 3 end, row(1,2), a collate "C", cast(a as numeric(10,2)), a::int[] from t',
  "select 1 from t group by grouping sets ((a),(b)), rollup (a), cube(b) having grouping(a) = 1",
  "select * from (select 1) x join b using (c) as j natural left join d cross join e full join f on true",
  "select 1 union select 2 intersect select 3 except all select 4 order by 1 fetch first 3 rows with ties",
  "select * from a tablesample system(10) repeatable (3)",
  "select x->>'a', x @> '{}', $1, date '2020-01-01', B'101', e'\\n', $$dollar$$, U&'\\0061' from t",
  "select * from rows from (unnest(array[1]), generate_series(1,2)) with ordinality, lateral json_to_recordset('[]') as j(a int)",
  "select pg_catalog.lower('A'), make_interval(days => 3), current_date, coalesce(a, b), nullif(a, b), greatest(a, b) from t",
  "select percentile_cont(0.5) within group (order by a) from t",
  "select 'drop table users; -- delete' as text",
])("%s only reads", (text) => {
  expect(any(text)).toBeNull();
});

test.each([
  ["", "is empty"],
  [" \n", "is empty"],
  [";", "no statement"],
  ["-- nothing", "no statement"],
  ["selec 1", "not SQL"],
  ["select 1; select 2", "more than one"],
  ["explain analyze select 1", '"analyze"'],
  ["explain (analyze false) select 1", '"analyze"'],
  ["explain (costs, analyze true) select 1", '"analyze"'],
  ["explain delete from users", "explains"],
  ["explain execute x", "explains"],
  ["explain create table a as select 1", "explains"],
  ["select * into t from users", "SELECT INTO"],
  ["select 1 from users for update", "locks"],
  ["select 1 from (select 1 from users for share) x", "locks"],
  ["select 1 where exists (select 1 for key share skip locked)", "locks"],
  ["select pg_sleep(1)", '"pg_sleep"'],
  ['select "pg_sleep"(1)', '"pg_sleep"'],
  ['select U&"\\0070g_sleep"(1)', '"pg_sleep"'],
  ["select public.lower('a')", '"public.lower"'],
  ["select db.pg_catalog.lower('a')", "function"],
  ["select similarity('a', 'b')", '"similarity"'],
  ["select 'a'::regclass", '"regclass"'],
  ["select 'a'::app.kind", '"app.kind"'],
  ["select a operator(app.+) b from t", '"app.+"'],
  ["select * from pg_shadow", "system catalogs"],
  ["select * from pg_catalog.pg_class", "system catalogs"],
  ["select * from information_schema.tables", "system catalogs"],
  ["select * from db.app.users", "database"],
  ["select xmlparse(document '<a/>')", "not known"],
  ["select json_value('{}', '$')", "not known"],
  ["select * from a tablesample app.mine(10)", "sampling"],
  ["select 1 where a = any (select pg_sleep(1))", '"pg_sleep"'],
  ["select 'it\\'; drop table users; --'", "backslash"],
  ["select 1\0; drop table users", "control"],
  ["select '\ud800'", "half"],
  [`select '${"a".repeat(20_000)}'`, "longer than"],
  [`select ${"(".repeat(600)}1${")".repeat(600)}`, "operators, brackets"],
  [`select ${"not ".repeat(600)}true`, "operators, brackets"],
  [`select ${"+".repeat(600)}1`, "operators, brackets"],
  [`select 1 ${"union select 1 ".repeat(600)}`, "operators, brackets"],
  [`select 1 ${"/*".repeat(60)}`, "comments"],
  [`select ${"1,".repeat(3_000)}1`, "items in its lists"],
  ["select (b).c from t", "function call"],
  ["select a[1].b from t", "function call"],
  ["select x.f from unnest(array['a']) x", "function call"],
  ["select t.pg_x from t", "function call"],
  ["select app.t.pg_x from app.t", "function call"],
  ["select y.f from t", "without that alias"],
  ["select x from cast('a' as text)", "without an alias"],
])("%j is refused: %s", (text, why) => {
  expect(any(text)).toContain(why);
});

test.each([
  "insert into a values (1)",
  "update a set b = 1",
  "delete from a",
  "truncate a",
  "merge into a using b on true when matched then delete",
  "create table a ()",
  "create function f() returns int language sql as 'select 1'",
  "drop table a",
  "alter table a add b int",
  "grant all on a to b",
  "copy a to '/tmp/x'",
  "copy (select 1) to program 'sh'",
  "copy a from stdin",
  "do 'begin end'",
  "call f()",
  "set a = 1",
  "set role x",
  "reset all",
  "show all",
  "begin",
  "commit",
  "rollback",
  "savepoint a",
  "lock table a",
  "listen a",
  "notify a",
  "unlisten *",
  "prepare a as select 1",
  "execute a",
  "deallocate a",
  "declare c cursor for select 1",
  "fetch 1 from c",
  "move 1 in c",
  "close c",
  "vacuum",
  "analyze a",
  "cluster",
  "reindex table a",
  "checkpoint",
  "load 'x'",
  "discard all",
  "refresh materialized view a",
  "comment on table a is 'x'",
  "security label on table a is 'x'",
  "import foreign schema a from server b into c",
  "create extension dblink",
  "create table a as select 1",
  "select 1 into a",
  "explain (select 1 into a)",
  "create temp view a as select 1",
  "reassign owned by a to b",
  "set transaction read write",
])("%s does not read", (text) => {
  expect(any(text)).not.toBeNull();
});

test.each([
  "select * from app.users u join app.orders o on o.user_id = u.id",
  "select * from APP.USERS",
  'select * from "app"."users"',
  'select * from app."Quoted"',
  "select * from open.whatever",
  "table app.users",
  "with users as (select * from app.users) select * from users",
  "with a as (select 1), b as (select * from a) select * from b, a",
  "with recursive b as (select * from a), a as (select 1) select * from b",
  "with a as (select 1) (select * from a) union (select * from a)",
  "with a as (select 1) select (select max(x) from a), * from lateral (select * from a) l",
  "select generate_series(1, 3)",
])("%s reads listed tables", (text) => {
  expect(listed(text)).toBeNull();
});

test.each([
  ["select * from users", "without its schema"],
  ["select * from app.secrets", '"app.secrets", which is not listed'],
  ["select * from app.Quoted", "not listed"],
  ['select * from "App".users', "not listed"],
  ['select * from "app.users"', "without its schema"],
  ['select * from "app.users".users', "dot in its name"],
  ['select * from "open.x"."y"', "dot in its name"],
  ['select * from open."*"', "not listed"],
  ['select * from app."*"', "not listed"],
  ["select * from pg_catalog.pg_class", "not listed"],
  ["select * from db.app.users", "database"],
  // A name of WITH is one where it is in scope, and a table elsewhere.
  ["with users as (select * from users) select * from users", "without its schema"],
  ["with a as (select * from b), b as (select 1) select * from a", "without its schema"],
  ["select * from (with users as (select 1) select * from users) x, users", "without its schema"],
  ["(with users as (select 1) select 1) union select id from users", "without its schema"],
  ["with x as (with users as (select 1) select 1) select * from users", "without its schema"],
  ["select (with users as (select 1) select 1), (select 1 from users)", "without its schema"],
  ["with users as (select 1) select * from app.secrets", "not listed"],
  ["with users as (select 1) select * from public.users", "not listed"],
  ["select 1 from app.users where exists (select 1 from app.secrets)", "not listed"],
  ["select 1 order by (select 1 from app.secrets)", "not listed"],
  ["select 1 limit (select 1 from app.secrets)", "not listed"],
  ["values ((select 1 from app.secrets))", "not listed"],
  ["select count(*) filter (where exists (table app.secrets))", "not listed"],
  ["select sum(1) over (order by (select 1 from app.secrets))", "not listed"],
  ["select 1 from app.users join app.orders on (select true from app.secrets)", "not listed"],
  ["select generate_series(1, (select 1 from app.secrets))", "not listed"],
  ["select array[(select 1 from app.secrets)]", "not listed"],
  ["select case when true then (select 1 from app.secrets) end", "not listed"],
  ["select 1 group by (select 1 from app.secrets)", "not listed"],
  ["select 1 union all table app.secrets", "not listed"],
  ["explain table app.secrets", "not listed"],
  ["select * from app.secrets tablesample system (1)", "not listed"],
  ["select * from only app.secrets", "not listed"],
])("%s: %s", (text, why) => {
  expect(listed(text)).toContain(why);
});

test("functions that are listed may be called as they are listed", () => {
  expect(extended("select similarity('a', 'b'), app.rank_of(1)")).toBeNull();
  for (const text of [
    "rank_of(1)",
    "public.similarity('a', 'b')",
    '"app.rank_of"(1)',
    "APP.other(1)",
  ])
    expect(extended(`select ${text}`), text).toContain("uses the function");
});

test("the message names what is allowed", () => {
  expect(listed("delete from app.users")).toBe(
    'holds DELETE, which is not known to read only; allowed is one reading statement of app.users, app.orders, app.Quoted or open.*: "delete from app.users"',
  );
});

test("a name in a query means the WITH query of its scope, or it is refused", () => {
  // Queries over two names whose meaning is known by how they were put together.
  const query = fc.letrec<{ query: { text: string; free: readonly string[] } }>((tie) => ({
    query: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      fc.constantFrom("a", "b").map((name) => ({ text: `select * from ${name}`, free: [name] })),
      fc.constant({ text: "select 1", free: [] }),
      fc.tuple(tie("query"), tie("query")).map(([left, right]) => ({
        text: `(${left.text}) union (${right.text})`,
        free: [...left.free, ...right.free],
      })),
      fc.tuple(tie("query"), tie("query")).map(([left, right]) => ({
        text: `select * from (${left.text}) x where exists (${right.text})`,
        free: [...left.free, ...right.free],
      })),
      fc
        .tuple(fc.constantFrom("a", "b"), fc.boolean(), tie("query"), tie("query"))
        .map(([name, isRecursive, inner, outer]) => ({
          text: `with ${isRecursive ? "recursive " : ""}${name} as (${inner.text}) select * from (${outer.text}) y`,
          free: [
            ...(isRecursive ? inner.free.filter((each) => each !== name) : inner.free),
            ...outer.free.filter((each) => each !== name),
          ],
        })),
    ),
  })).query;
  fc.assert(
    fc.property(query, ({ text, free }) => {
      fc.pre(text.length < 5_000);
      const message = listed(text);
      if (free.length === 0) expect(message).toBeNull();
      else expect(message).toMatch(/without its schema|operators, brackets/);
    }),
    { seed: seed(), numRuns: scaled({ test: 1_000, prove: 100_000 }) },
  );
});
