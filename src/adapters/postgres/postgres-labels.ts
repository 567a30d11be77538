import { sql } from "kysely";
import { labelSchema } from "../../model/index.ts";
import type { LabelRows } from "../../ports/store.ts";
import { asked, type Database } from "./database.ts";
import { toDigestBytes } from "./digest-bytes.ts";

const labelsSchema = labelSchema.array();

export function createPostgresLabels({ tables }: Database): LabelRows {
  return {
    async get({ tenant, context }, sinceMs) {
      const row = await asked(
        tables
          .selectFrom("labels")
          .select("labels")
          .where("tenant", "=", tenant)
          .where("context", "=", toDigestBytes(context))
          .where("touched_at", ">=", sinceMs)
          .executeTakeFirst(),
      );
      return labelsSchema.parse(row?.labels ?? []);
    },
    async add({ tenant, context, labels, nowMs }, sinceMs) {
      const row = { tenant, context: toDigestBytes(context), labels: [...labels] };
      await asked(
        tables
          .insertInto("labels")
          .values({ ...row, touched_at: nowMs })
          .onConflict((conflict) =>
            conflict.columns(["tenant", "context"]).doUpdateSet({
              labels: sql`case when labels.touched_at < ${sinceMs} then excluded.labels else
                array(select distinct unnest(labels.labels || excluded.labels) order by 1) end`,
              touched_at: sql`greatest(labels.touched_at, excluded.touched_at)`,
            }),
          )
          .execute(),
      );
    },
    async sweep(beforeMs, limit) {
      const result = await asked(
        sql`delete from countersign.labels where ctid in (
          select ctid from countersign.labels where touched_at < ${beforeMs} limit ${limit}
        ) and touched_at < ${beforeMs}`.execute(tables),
      );
      return Number(result.numAffectedRows ?? 0n);
    },
  };
}
