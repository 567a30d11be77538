import type { Letters } from "../../ports/letter-rows.ts";
import { asked, type Database } from "./database.ts";

export function createPostgresLetters({ tables }: Database): Letters {
  return {
    async put({ id, owner, body, nowMs }) {
      const row = { id, owner, body: Buffer.from(body), put_at: nowMs };
      await asked(tables.insertInto("letters").values(row).execute());
    },
    async take(owner, nowMs) {
      return asked(
        tables
          .updateTable("letters")
          .set({ beat_at: nowMs })
          .where("owner", "=", owner)
          .where("beat_at", "is", null)
          .returning(["id", "body"])
          .execute(),
      );
    },
    async beat(id, nowMs) {
      await asked(
        tables.updateTable("letters").set({ beat_at: nowMs }).where("id", "=", id).execute(),
      );
    },
    async reply(id, reply) {
      const given = { reply: Buffer.from(reply) };
      await asked(tables.updateTable("letters").set(given).where("id", "=", id).execute());
    },
    async read(id) {
      const row = await asked(
        tables
          .selectFrom("letters")
          .select(["beat_at", "reply"])
          .where("id", "=", id)
          .executeTakeFirst(),
      );
      return row === undefined ? null : { beatMs: row.beat_at, reply: row.reply };
    },
    async withdraw(id) {
      const result = await asked(
        tables
          .deleteFrom("letters")
          .where("id", "=", id)
          .where("beat_at", "is", null)
          .executeTakeFirst(),
      );
      return result.numDeletedRows === 1n;
    },
    async remove(id) {
      await asked(tables.deleteFrom("letters").where("id", "=", id).execute());
    },
    async sweep(beforeMs) {
      const result = await asked(
        tables.deleteFrom("letters").where("put_at", "<", beforeMs).executeTakeFirst(),
      );
      return Number(result.numDeletedRows);
    },
  };
}
