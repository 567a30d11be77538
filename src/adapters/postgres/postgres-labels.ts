import { sql } from "kysely";
import { labelSchema } from "../../model/index.ts";
import type { LabelRows } from "../../ports/label-rows.ts";
import { asked, type Database } from "./database.ts";
import { toDigestBytes } from "./digest-bytes.ts";

const labelsSchema = labelSchema.array();

const getLabels = {
  name: "get_labels",
  text: `select labels from countersign.labels
    where tenant = $1 and context = $2 and touched_at >= $3`,
};

export function createPostgresLabels({ tables, pool }: Database): LabelRows {
  return {
    async get({ tenant, context }, sinceMs) {
      // Asked before each effect whose rules read labels: written by hand, and compiled once.
      const values = [tenant, toDigestBytes(context), sinceMs];
      const { rows } = await asked(pool.query<{ labels: string[] }>({ ...getLabels, values }));
      return rows.length === 0 ? [] : labelsSchema.parse(rows[0]!.labels);
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
