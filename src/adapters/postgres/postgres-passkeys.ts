import { sql } from "kysely";
import type { PasskeyProof, TenantId } from "../../model/index.ts";
import {
  passkeyLimits,
  type PasskeyKey,
  type PasskeyRow,
  type PasskeyRows,
} from "../../ports/passkey-rows.ts";
import {
  requireApprover,
  requirePasskeyKey,
  requireStorablePasskey,
  toKey,
} from "../../ports/storable-passkeys.ts";
import { storeLimits } from "../../ports/store-limits.ts";
import { asked, type Database, type Tables } from "./database.ts";
import { createPostgresInvitations } from "./postgres-invitations.ts";
import { inTransaction, type TransactionOptions } from "./transaction.ts";

export interface PostgresPasskeysOptions extends TransactionOptions {
  readonly database: Database;
}

export function createPostgresPasskeys(options: PostgresPasskeysOptions): PasskeyRows {
  const { tables } = options.database;
  return {
    add: (row) => add(options, row),
    async get(key) {
      requirePasskeyKey(key);
      const row = await asked(
        tables
          .selectFrom("passkeys")
          .selectAll()
          .where("tenant", "=", key.tenant)
          .where("id", "=", toIdBytes(key))
          .executeTakeFirst(),
      );
      return row === undefined ? null : toRow(row);
    },
    async list(approver) {
      requireApprover(approver);
      const rows = await asked(
        tables
          .selectFrom("passkeys")
          .selectAll()
          .where("tenant", "=", approver.tenant)
          .where("subject", "=", approver.subject)
          .orderBy("id")
          .limit(passkeyLimits.perApprover)
          .execute(),
      );
      return rows.map(toRow);
    },
    page: (tenant, page) => readPage(options.database, tenant, page),
    async touch({ counter, nowMs, ...key }) {
      requirePasskeyKey(key);
      const result = await asked(
        tables
          .updateTable("passkeys")
          .set({ counter, used_at: nowMs })
          .where("tenant", "=", key.tenant)
          .where("id", "=", toIdBytes(key))
          // One that stays 0 does not count.
          .where("counter", counter === 0 ? "=" : "<", counter)
          .executeTakeFirst(),
      );
      return result.numUpdatedRows === 1n;
    },
    async remove(key) {
      requirePasskeyKey(key);
      const result = await asked(
        tables
          .deleteFrom("passkeys")
          .where("tenant", "=", key.tenant)
          .where("id", "=", toIdBytes(key))
          .executeTakeFirst(),
      );
      return result.numDeletedRows === 1n;
    },
    ...createPostgresInvitations(options),
  };
}

/** Counted and added under a lock: two at once would both see room for one. */
async function add(
  options: PostgresPasskeysOptions,
  row: PasskeyRow,
): Promise<"added" | "exists" | "full"> {
  requireStorablePasskey(row);
  const { tenant, subject } = row.approver;
  const lock = JSON.stringify(["countersign.passkeys", tenant, subject]);
  return inTransaction(options, async (client, isUncertain) => {
    await client.query("select pg_advisory_xact_lock(hashtextextended($1, 0))", [lock]);
    const { rows } = await client.query<{ count: number; mine: boolean }>(
      `select count(*) as count, coalesce(bool_or(id = $3 and public_key = $4 and added_at = $5), false) as mine
       from countersign.passkeys where tenant = $1 and subject = $2`,
      [tenant, subject, toIdBytes(toKey(row)), Buffer.from(row.publicKey), row.addedAtMs],
    );
    const { count, mine } = rows[0]!;
    // Written by an attempt whose answer was lost.
    if (isUncertain && mine) return { outcome: "added" };
    if (count >= passkeyLimits.perApprover && !mine) return { outcome: "full", rollback: true };
    const { rowCount } = await client.query(
      `insert into countersign.passkeys
         (tenant, id, subject, public_key, algorithm, counter, transports, added_by, added_at, used_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
       on conflict (tenant, id) do nothing`,
      [
        tenant,
        toIdBytes(toKey(row)),
        subject,
        Buffer.from(row.publicKey),
        row.algorithm,
        row.counter,
        [...row.transports],
        row.addedBy,
        row.addedAtMs,
        row.usedAtMs,
      ],
    );
    return { outcome: rowCount === 1 ? "added" : "exists" };
  });
}

async function readPage(
  { tables }: Database,
  ...[tenant, { after, limit }]: Parameters<PasskeyRows["page"]>
): Promise<readonly PasskeyRow[]> {
  const rows = await asked(
    tables
      .selectFrom("passkeys")
      .selectAll()
      .where("tenant", "=", tenant)
      .$if(after !== null, (query) =>
        query.where(
          sql<boolean>`(subject, id) > (${after!.subject} collate "C", ${toIdBytes({ tenant, id: after!.id })}::bytea)`,
        ),
      )
      .orderBy("subject")
      .orderBy("id")
      .limit(Math.min(limit, storeLimits.rowsPerPage))
      .execute(),
  );
  return rows.map(toRow);
}

const toIdBytes = ({ id }: PasskeyKey): Buffer => Buffer.from(id, "base64url");

function toRow(row: Tables["passkeys"]): PasskeyRow {
  return {
    id: row.id.toString("base64url"),
    approver: { tenant: row.tenant as TenantId, subject: row.subject },
    publicKey: row.public_key,
    algorithm: row.algorithm as PasskeyProof["algorithm"],
    counter: row.counter,
    transports: row.transports,
    addedBy: row.added_by,
    addedAtMs: row.added_at,
    usedAtMs: row.used_at,
  };
}
