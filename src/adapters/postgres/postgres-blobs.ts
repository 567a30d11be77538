import { requireBytes, requireDigest, requireName } from "../../ports/storable.ts";
import { storeLimits } from "../../ports/store-limits.ts";
import type { Blobs } from "../../ports/store.ts";
import { asked, type Database } from "./database.ts";
import { toDigestBytes } from "./digest-bytes.ts";

export function createPostgresBlobs({ tables }: Database): Blobs {
  return {
    async put(tenant, id, bytes) {
      requireName("tenant", tenant);
      requireDigest("id", id);
      requireBytes("bytes", bytes, storeLimits.blobBytes);
      // The id is the content's: what is there already is the same.
      await asked(
        tables
          .insertInto("blobs")
          .values({ tenant, id: toDigestBytes(id), bytes: Buffer.from(bytes) })
          .onConflict((conflict) => conflict.columns(["tenant", "id"]).doNothing())
          .execute(),
      );
    },
    async get(tenant, id) {
      requireDigest("id", id);
      const row = await asked(
        tables
          .selectFrom("blobs")
          .select("bytes")
          .where("tenant", "=", tenant)
          .where("id", "=", toDigestBytes(id))
          .executeTakeFirst(),
      );
      return row?.bytes ?? null;
    },
    async remove(tenant, id) {
      requireDigest("id", id);
      const result = await asked(
        tables
          .deleteFrom("blobs")
          .where("tenant", "=", tenant)
          .where("id", "=", toDigestBytes(id))
          .executeTakeFirst(),
      );
      return result.numDeletedRows === 1n;
    },
  };
}
