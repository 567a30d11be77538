import type { TenantId } from "../../model/index.ts";
import { requireStorableMemory } from "../../ports/storable.ts";
import { storeLimits } from "../../ports/store-limits.ts";
import type { Memories, MemoryRow } from "../../ports/memory-rows.ts";
import { asked, type Database, type Tables } from "./database.ts";
import { fromDigestBytes, toDigestBytes } from "./digest-bytes.ts";

export function createPostgresMemories({ tables }: Database): Memories {
  return {
    async put(row) {
      requireStorableMemory(row);
      const { tenant, scope, key, ...changed } = fromMemoryRow(row);
      await asked(
        tables
          .insertInto("memories")
          .values({ tenant, scope, key, ...changed })
          .onConflict((conflict) =>
            conflict.columns(["tenant", "scope", "key"]).doUpdateSet(changed),
          )
          .execute(),
      );
    },
    async get(tenant, scope, key) {
      const row = await asked(
        tables
          .selectFrom("memories")
          .selectAll()
          .where("tenant", "=", tenant)
          .where("scope", "=", scope)
          .where("key", "=", key)
          .executeTakeFirst(),
      );
      return row === undefined ? null : toMemoryRow(row);
    },
    async list(tenant, scope, { after, limit }) {
      const rows = await asked(
        tables
          .selectFrom("memories")
          .selectAll()
          .where("tenant", "=", tenant)
          .where("scope", "=", scope)
          .$if(after !== undefined, (query) => query.where("key", ">", after!))
          .orderBy("key")
          .limit(Math.min(limit, storeLimits.rowsPerPage))
          .execute(),
      );
      return rows.map(toMemoryRow);
    },
    async remove(tenant, scope, key) {
      const result = await asked(
        tables
          .deleteFrom("memories")
          .where("tenant", "=", tenant)
          .where("scope", "=", scope)
          .where("key", "=", key)
          .executeTakeFirst(),
      );
      return result.numDeletedRows === 1n;
    },
  };
}

function fromMemoryRow(row: MemoryRow): Tables["memories"] {
  return {
    tenant: row.tenant,
    scope: row.scope,
    key: row.key,
    text: row.text,
    source: toDigestBytes(row.source),
    embedder: row.embedder,
    embedding: row.embedding === null ? null : fromEmbedding(row.embedding),
    updated_at: row.updatedAtMs,
  };
}

function toMemoryRow(row: Tables["memories"]): MemoryRow {
  return {
    tenant: row.tenant as TenantId,
    scope: row.scope,
    key: row.key,
    text: row.text,
    source: fromDigestBytes(row.source),
    embedder: row.embedder,
    embedding: row.embedding === null ? null : toEmbedding(row.embedding),
    updatedAtMs: row.updated_at,
  };
}

/** Little-endian, whatever machine wrote it. */
function fromEmbedding(embedding: Float32Array): Buffer {
  const bytes = Buffer.allocUnsafe(embedding.length * 4);
  for (const [index, value] of embedding.entries()) bytes.writeFloatLE(value, index * 4);
  return bytes;
}

function toEmbedding(bytes: Buffer): Float32Array {
  const embedding = new Float32Array(bytes.length / 4);
  for (let index = 0; index < embedding.length; index += 1) {
    embedding[index] = bytes.readFloatLE(index * 4);
  }
  return embedding;
}
