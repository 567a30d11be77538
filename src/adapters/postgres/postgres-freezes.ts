import type { TenantId } from "../../model/index.ts";
import type { FreezeRow, FreezeRows } from "../../ports/freeze-rows.ts";
import { storeLimits } from "../../ports/store-limits.ts";
import { asked, type Database, type Tables } from "./database.ts";

export function createPostgresFreezes({ tables }: Database): FreezeRows {
  return {
    async active() {
      const rows = await asked(
        tables
          .selectFrom("freezes")
          .select(["tenant", "kind", "name", "reason", "put_by", "put_at"])
          .where("lifted_at", "is", null)
          .orderBy("position")
          .execute(),
      );
      return rows.map(toRow);
    },
    async list(tenant, limit) {
      const rows = await asked(
        tables
          .selectFrom("freezes")
          .selectAll()
          .where("tenant", "=", tenant)
          .orderBy("position", "desc")
          .limit(Math.min(limit, storeLimits.rowsPerPage))
          .execute(),
      );
      return rows.map((row) => {
        const { lifted_by: by, lifted_at: atMs } = row;
        return { ...toRow(row), lifted: by === null || atMs === null ? null : { by, atMs } };
      });
    },
    async put({ tenant, kind, name, reason, by, atMs }) {
      const result = await asked(
        tables
          .insertInto("freezes")
          .values({ tenant, kind, name, reason, put_by: by, put_at: atMs })
          .onConflict((conflict) =>
            conflict.columns(["tenant", "kind", "name"]).where("lifted_at", "is", null).doNothing(),
          )
          .executeTakeFirst(),
      );
      return result.numInsertedOrUpdatedRows === 1n;
    },
    async lift({ tenant, kind, name, by, atMs }) {
      const result = await asked(
        tables
          .updateTable("freezes")
          .set({ lifted_by: by, lifted_at: atMs })
          .where("tenant", "=", tenant)
          .where("kind", "=", kind)
          .where("name", "=", name)
          .where("lifted_at", "is", null)
          .executeTakeFirst(),
      );
      return result.numUpdatedRows === 1n;
    },
  };
}

type Row = Omit<Tables["freezes"], "position" | "lifted_by" | "lifted_at">;

function toRow({ tenant, kind, name, reason, put_by: by, put_at: atMs }: Row): FreezeRow {
  return { tenant: tenant as TenantId, kind, name, reason, by, atMs };
}
