import type pg from "pg";
import type { SqlTransaction } from "../../ports/sql.ts";
import type { WakeNow } from "../../ports/run-rows.ts";

/** Makes the wakes part of the transaction. Offered by the engine that wakes. */
export type Enlist = (tx: SqlTransaction, wakes: readonly WakeNow[]) => Promise<void>;

/** In the order of the runs: two transactions that wake the same ones then queue, not deadlock. */
export async function enlistSorted(
  enlist: Enlist | undefined,
  client: pg.PoolClient,
  wakes: readonly WakeNow[],
): Promise<void> {
  if (enlist === undefined) {
    throw new Error("A unit wakes runs, and the store was opened without an engine that wakes");
  }
  const tx: SqlTransaction = {
    async executeSql(text, values) {
      const result = await client.query(text, values === undefined ? [] : [...values]);
      // A text of several statements answers with several results.
      const results: { rows: unknown[] }[] = Array.isArray(result) ? result : [result];
      return { rows: results.flatMap((each) => each.rows) };
    },
  };
  await enlist(
    tx,
    wakes.toSorted((a, b) => (a.run < b.run ? -1 : a.run > b.run ? 1 : 0)),
  );
}
