import type pg from "pg";
import type { RunId } from "../../model/index.ts";
import type { Step } from "./transaction.ts";

/** What a run has in tables of its own. What it held of its root's budget goes with the root. */
const owned = [
  ["events", "run_id"],
  ["run_letters", "run_id"],
  ["run_blobs", "run_id"],
  ["run_snapshots", "run_id"],
  ["run_keys", "run_id"],
  ["run_holds", "root"],
  ["run_budgets", "root"],
  ["workspaces", "run_id"],
  ["runs", "run_id"],
] as const;

const removal = `with ${owned
  .map(([table, key]) => `of_${table} as (delete from countersign.${table} where ${key} = $1)`)
  .join(",\n  ")} select 1`;

/** The lock comes first, so that what somebody adds meanwhile is seen and goes, too. */
export async function removeRun(
  client: pg.PoolClient,
  run: RunId,
  uncertain: boolean,
): Promise<Step<boolean>> {
  const { rows } = await client.query<{ ended: boolean }>({
    name: "lock_ended_run",
    text: "select ended from countersign.runs where run_id = $1 for update",
    values: [run],
  });
  const found = rows[0];
  // An earlier attempt that was cut off removed it.
  if (found === undefined) return { outcome: uncertain, rollback: true };
  if (!found.ended) return { outcome: false, rollback: true };
  await client.query({ name: "remove_run", text: removal, values: [run] });
  return { outcome: true };
}
