import type pg from "pg";
import type { WakeNow } from "../../ports/run-rows.ts";
import { encodeInt4Array, encodeTextArray } from "./binary-array.ts";

/**
 * Makes wakes part of a statement: the tables of a `with` that queue what `source` holds, a row a run
 * with its tenant and its priority. The last of them is `enlisted`, and has to be read. Offered by the
 * engine that wakes.
 */
export type Enlist = (source: string) => string;

/** For a statement that wakes runs and reads `enlisted` at its end. */
export function toEnlisting(enlist: Enlist | undefined, source: string): string {
  if (enlist === undefined) {
    throw new Error("A unit wakes runs, and the store was opened without an engine that wakes");
  }
  return enlist(source);
}

/** In the order of the runs: two transactions that wake the same ones then queue, not deadlock. */
export async function enlistSorted(
  enlist: Enlist | undefined,
  client: pg.PoolClient,
  wakes: readonly WakeNow[],
): Promise<void> {
  const sorted = wakes.toSorted((a, b) => (a.run < b.run ? -1 : a.run > b.run ? 1 : 0));
  await client.query({
    name: "enlist",
    text: `with given as (
             select * from unnest($1::text[], $2::text[], $3::int4[]) as x(run, tenant, priority)
           ), ${toEnlisting(enlist, "given")}
           select count(*) from enlisted`,
    values: [
      encodeTextArray(sorted.map(({ run }) => run)),
      encodeTextArray(sorted.map(({ tenant }) => tenant)),
      encodeInt4Array(sorted.map(({ priority = 0 }) => priority)),
    ],
  });
}
