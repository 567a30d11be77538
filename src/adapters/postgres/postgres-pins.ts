import type { Digest, TenantId } from "../../model/index.ts";
import { requireStorablePin } from "../../ports/storable.ts";
import { storeLimits } from "../../ports/store-limits.ts";
import type { PinRow, Pins } from "../../ports/pin-rows.ts";
import { asked, type Database, type Tables } from "./database.ts";
import { fromDigestBytes, toDigestBytes } from "./digest-bytes.ts";

export function createPostgresPins({ tables }: Database): Pins {
  return {
    async get(tenant, server, tool) {
      const row = await asked(
        tables
          .selectFrom("pins")
          .selectAll()
          .where("tenant", "=", tenant)
          .where("server", "=", server)
          .where("tool", "=", tool)
          .executeTakeFirst(),
      );
      return row === undefined ? null : toPinRow(row);
    },
    async list(tenant, server) {
      const rows = await asked(
        tables
          .selectFrom("pins")
          .selectAll()
          .where("tenant", "=", tenant)
          .where("server", "=", server)
          .orderBy("tool")
          .limit(storeLimits.rowsPerPage)
          .execute(),
      );
      return rows.map(toPinRow);
    },
    accept: (pin, previous) => accept(tables, pin, previous),
    async revoke(tenant, server, tool) {
      const result = await asked(
        tables
          .deleteFrom("pins")
          .where("tenant", "=", tenant)
          .where("server", "=", server)
          .where("tool", "=", tool)
          .executeTakeFirst(),
      );
      return result.numDeletedRows === 1n;
    },
  };
}

async function accept(
  tables: Database["tables"],
  pin: PinRow,
  previous: Digest | null,
): Promise<"accepted" | "stale"> {
  requireStorablePin(pin);
  const { tenant, server, tool, ...changed } = fromPinRow(pin);
  if (previous === null) {
    const result = await asked(
      tables
        .insertInto("pins")
        .values({ tenant, server, tool, ...changed })
        .onConflict((conflict) => conflict.columns(["tenant", "server", "tool"]).doNothing())
        .executeTakeFirst(),
    );
    return result.numInsertedOrUpdatedRows === 1n ? "accepted" : "stale";
  }
  const result = await asked(
    tables
      .updateTable("pins")
      .set(changed)
      .where("tenant", "=", tenant)
      .where("server", "=", server)
      .where("tool", "=", tool)
      .where("digest", "=", toDigestBytes(previous))
      .executeTakeFirst(),
  );
  return result.numUpdatedRows === 1n ? "accepted" : "stale";
}

function fromPinRow(pin: PinRow): Tables["pins"] {
  return {
    tenant: pin.tenant,
    server: pin.server,
    tool: pin.tool,
    digest: toDigestBytes(pin.digest),
    definition: Buffer.from(pin.definition),
    accepted_by: pin.acceptedBy,
    accepted_at: pin.acceptedAtMs,
  };
}

function toPinRow(row: Tables["pins"]): PinRow {
  return {
    tenant: row.tenant as TenantId,
    server: row.server,
    tool: row.tool,
    digest: fromDigestBytes(row.digest),
    definition: row.definition,
    acceptedBy: row.accepted_by,
    acceptedAtMs: row.accepted_at,
  };
}
