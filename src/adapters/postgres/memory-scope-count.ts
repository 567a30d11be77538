import type pg from "pg";
import type { MemoryPlace } from "../../ports/memory.ts";

/** Whoever calls it holds the scope's row. */
export async function countScope(
  client: pg.PoolClient,
  { tenant, scope }: MemoryPlace,
  change: number,
): Promise<void> {
  await client.query({
    name: "count_memory_scope",
    text: `update countersign.memory_scopes set rows = rows + $3 where tenant = $1 and scope = $2`,
    values: [tenant, scope, change],
  });
  // Of whoever was erased nothing stays, not even that there was something.
  await client.query({
    name: "drop_memory_scope",
    text: `delete from countersign.memory_scopes where tenant = $1 and scope = $2 and rows <= 0`,
    values: [tenant, scope],
  });
}
