import { sql } from "kysely";
import type { SpendingRows } from "../../ports/spending-rows.ts";
import { asked, type Database } from "./database.ts";
import { fromDigestBytes, toDigestBytes } from "./digest-bytes.ts";

export function createPostgresSpendings({ tables }: Database): SpendingRows {
  return {
    async lease({ tenant, budget, share, periodMs }, { amount, cap }) {
      const row = { tenant, budget, share: toDigestBytes(share), period_start: periodMs };
      const first = Math.min(amount, cap);
      const granted = sql<number>`least(${amount}::bigint, greatest(0, ${cap}::bigint - spendings.used))`;
      const { granted: got } = await asked(
        tables
          .insertInto("spendings")
          .values({ ...row, used: first, granted: first })
          .onConflict((conflict) =>
            conflict.columns(["tenant", "budget", "share", "period_start"]).doUpdateSet({
              used: sql`spendings.used + ${granted}`,
              granted,
            }),
          )
          .returning("granted")
          .executeTakeFirstOrThrow(),
      );
      return got;
    },
    async read({ tenant, budget, periodMs }, most) {
      const rows = await asked(
        tables
          .selectFrom("spendings")
          .select(["share", "used", sql<number>`count(*) over ()`.as("shares")])
          .where("tenant", "=", tenant)
          .where("budget", "=", budget)
          .where("period_start", "=", periodMs)
          .orderBy("used", "desc")
          .orderBy("share")
          .limit(most)
          .execute(),
      );
      const fullest = rows.map(({ share, used }) => ({ share: fromDigestBytes(share), used }));
      return { shares: rows[0]?.shares ?? 0, fullest };
    },
    async giveBack({ tenant, budget, share, periodMs }, amount) {
      await asked(
        tables
          .updateTable("spendings")
          .set({ used: sql`greatest(0, used - ${amount})` })
          .where("tenant", "=", tenant)
          .where("budget", "=", budget)
          .where("share", "=", toDigestBytes(share))
          .where("period_start", "=", periodMs)
          .execute(),
      );
    },
    async sweep(beforeMs, limit) {
      const result = await asked(
        sql`delete from countersign.spendings where ctid in (
          select ctid from countersign.spendings where period_start < ${beforeMs} limit ${limit}
        )`.execute(tables),
      );
      return Number(result.numAffectedRows ?? 0n);
    },
  };
}
