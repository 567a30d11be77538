import type pg from "pg";
import type { TenantId } from "../../model/index.ts";
import type { EmbedderName } from "../../ports/embedder.ts";
import type { Memory, StaleRow } from "../../ports/memory.ts";
import { requireEmbedding } from "../../ports/storable-memory.ts";
import { storeLimits } from "../../ports/store-limits.ts";
import { toEmbedderText, toRealArray } from "./memory-vector.ts";
import { countScope } from "./memory-scope-count.ts";
import { toFault } from "./to-fault.ts";
import { inTransaction, type Step, type TransactionOptions } from "./transaction.ts";

type Upkeep = Pick<Memory, "listStale" | "reembed" | "erase" | "measure">;

/** What is done to rows of any place. */
export function createMemoryUpkeep(options: TransactionOptions): Upkeep {
  const { pool } = options;
  return {
    async listStale(embedder, { after, limit }) {
      const { rows } = await pool
        .query<{ tenant: string; scope: string; key: string; text: string; updated_at: number }>({
          name: "list_stale_memories",
          text: `select tenant, scope, key, text, updated_at from countersign.memories
            where embedder <> $1
              and ($2::text is null or (tenant, scope, key) > ($2, $3::text, $4::text))
            order by tenant, scope, key limit $5`,
          values: [
            toEmbedderText(embedder),
            ...(after === null ? [null, null, null] : [after.tenant, after.scope, after.key]),
            Math.min(limit, storeLimits.rowsPerPage),
          ],
        })
        .catch(fail);
      return rows.map(({ tenant, updated_at: updatedAtMs, ...row }) => ({
        ...row,
        tenant: tenant as TenantId,
        updatedAtMs,
      }));
    },
    async reembed(row, embedding) {
      requireEmbedding(embedding);
      const { rowCount } = await pool
        .query({
          name: "reembed_memory",
          text: `update countersign.memories set embedder = $5, embedding = $6
            where tenant = $1 and scope = $2 and key = $3 and updated_at = $4 and text = $7`,
          values: [
            row.tenant,
            row.scope,
            row.key,
            row.updatedAtMs,
            toEmbedderText(embedding),
            toRealArray(embedding.values),
            row.text,
          ],
        })
        .catch(fail);
      return rowCount === 1;
    },
    erase: (tenant, subject, limit) =>
      inTransaction(options, (client) => erase(client, { tenant, subject, limit })),
    measure: (embedder) => measure(pool, embedder),
  };
}

async function measure(pool: pg.Pool, embedder: EmbedderName): ReturnType<Memory["measure"]> {
  const { rows } = await pool
    .query<{ kind: string; rows: number; stale: number; newest: number }>({
      name: "measure_memories",
      text: `with scopes as (
          select split_part(scope, ':', 1) as kind, sum(rows)::int8 as rows,
            max(written_at) as newest
          from countersign.memory_scopes group by 1
        ), stale as (
          select split_part(scope, ':', 1) as kind, count(*)::int8 as stale
          from countersign.memories
          where embedder < $1 or embedder > $1 or changed_at is not null group by 1
        )
        select kind, rows, newest, coalesce(stale, 0) as stale
        from scopes left join stale using (kind) order by kind`,
      values: [toEmbedderText(embedder)],
    })
    .catch(fail);
  return rows.map(({ newest, ...row }) => ({ ...row, newestAtMs: newest }));
}

interface Erasing {
  readonly tenant: TenantId;
  readonly subject: string;
  readonly limit: number;
}

/** Scopes are held before their rows, as whoever writes holds them, and in one order. */
async function erase(
  client: pg.PoolClient,
  { tenant, subject, limit }: Erasing,
): Promise<Step<number>> {
  const { rows: found } = await client.query<Pick<StaleRow, "scope" | "key">>({
    name: "find_memories_of_subject",
    text: `select scope, key from countersign.memories where tenant = $1 and subject = $2
      order by scope, key limit $3`,
    values: [tenant, subject, limit],
  });
  const scopes = [...new Set(found.map(({ scope }) => scope))];
  await client.query({
    name: "lock_memory_scopes",
    text: `select 1 from countersign.memory_scopes where tenant = $1 and scope = any($2)
      order by scope for update`,
    values: [tenant, scopes],
  });
  const { rows } = await client.query<{ scope: string }>({
    name: "erase_memories",
    text: `delete from countersign.memories m using unnest($3::text[], $4::text[]) as f(scope, key)
      where m.tenant = $1 and m.subject = $2 and m.scope = f.scope and m.key = f.key
      returning m.scope`,
    values: [tenant, subject, found.map(({ scope }) => scope), found.map(({ key }) => key)],
  });
  for (const scope of scopes) {
    const count = rows.filter((row) => row.scope === scope).length;
    await countScope(client, { tenant, scope }, -count);
  }
  return { outcome: found.length };
}

function fail(error: unknown): never {
  throw toFault(error);
}
