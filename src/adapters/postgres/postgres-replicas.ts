import type { ReplicaRows } from "../../ports/replica-rows.ts";
import { requireId, requireWhole } from "../../ports/storable.ts";
import { storeLimits } from "../../ports/store-limits.ts";
import { executeBatch } from "./append-statement.ts";
import { asked, type Database } from "./database.ts";
import type { Tokens } from "./tokens.ts";
import { inTransaction, type TransactionOptions } from "./transaction.ts";

export interface PostgresReplicasOptions extends TransactionOptions {
  readonly database: Database;
  readonly tokens: Tokens;
}

export function createPostgresReplicas(options: PostgresReplicasOptions): ReplicaRows {
  const { tables } = options.database;
  return {
    async beat({ id, durableToMs, beatAtMs }) {
      requireId("id", id);
      requireWhole("durableToMs", durableToMs);
      requireWhole("beatAtMs", beatAtMs);
      const beaten = { durable_to: durableToMs, beat_at: beatAtMs };
      await asked(
        tables
          .insertInto("replicas")
          .values({ id, ...beaten })
          .onConflict((conflict) => conflict.column("id").doUpdateSet(beaten))
          .execute(),
      );
    },
    async leave(id) {
      await asked(tables.deleteFrom("replicas").where("id", "=", id).execute());
    },
    async list(limit) {
      const rows = await asked(
        tables
          .selectFrom("replicas")
          .selectAll()
          .orderBy("id")
          .limit(Math.min(limit, storeLimits.rowsPerPage))
          .execute(),
      );
      return rows.map((row) => ({
        id: row.id,
        durableToMs: row.durable_to,
        beatAtMs: row.beat_at,
      }));
    },
    bury: ({ id, beatAtMs }, entries) =>
      inTransaction(options, async (client) => {
        const { rowCount } = await client.query(
          "delete from countersign.replicas where id = $1 and beat_at = $2",
          [id, beatAtMs],
        );
        if (rowCount !== 1) return { outcome: false, rollback: true };
        if (entries.length > 0) {
          const token = options.tokens.next();
          await executeBatch(client, [{ append: undefined, entries, token }]);
        }
        return { outcome: true };
      }),
  };
}
