import { passkeyLimits, type InvitationRow, type PasskeyRows } from "../../ports/passkey-rows.ts";
import {
  requireInvited,
  requireSpent,
  requireStorableInvitation,
} from "../../ports/storable-passkeys.ts";
import { asked, type Database } from "./database.ts";
import { toDigestBytes } from "./digest-bytes.ts";
import { inTransaction, type TransactionOptions } from "./transaction.ts";

interface InvitationsOptions extends TransactionOptions {
  readonly database: Database;
}

/** What is good once: invitations, and challenges that were spent. */
export function createPostgresInvitations(
  options: InvitationsOptions,
): Pick<PasskeyRows, "invite" | "isInvited" | "takeInvitation" | "spend"> {
  const { tables } = options.database;
  return {
    invite: (row, nowMs) => invite(options, row, nowMs),
    async isInvited(invited, nowMs) {
      requireInvited(invited);
      const row = await asked(
        tables
          .selectFrom("passkey_invitations")
          .select("expires_at")
          .where("tenant", "=", invited.approver.tenant)
          .where("hash", "=", toDigestBytes(invited.hash))
          .where("subject", "=", invited.approver.subject)
          .where("expires_at", ">", nowMs)
          .executeTakeFirst(),
      );
      return row !== undefined;
    },
    async takeInvitation(invited, nowMs) {
      requireInvited(invited);
      const row = await asked(
        tables
          .deleteFrom("passkey_invitations")
          .where("tenant", "=", invited.approver.tenant)
          .where("hash", "=", toDigestBytes(invited.hash))
          .where("subject", "=", invited.approver.subject)
          .where("expires_at", ">", nowMs)
          .returning("invited_by")
          .executeTakeFirst(),
      );
      return row?.invited_by ?? null;
    },
    async spend(challenge, nowMs) {
      requireSpent(challenge);
      const { tenant, hash, expiresAtMs } = challenge;
      await asked(
        tables
          .deleteFrom("passkey_challenges")
          .where("tenant", "=", tenant)
          .where("expires_at", "<=", nowMs)
          .execute(),
      );
      const result = await asked(
        tables
          .insertInto("passkey_challenges")
          .values({ tenant, hash: toDigestBytes(hash), expires_at: expiresAtMs })
          .onConflict((conflict) => conflict.columns(["tenant", "hash"]).doNothing())
          .executeTakeFirst(),
      );
      return result.numInsertedOrUpdatedRows === 1n;
    },
  };
}

/** Counted and put under a lock: two at once would both see room for one. */
async function invite(
  options: InvitationsOptions,
  row: InvitationRow,
  nowMs: number,
): Promise<"invited" | "full"> {
  requireStorableInvitation(row);
  const { tenant, subject } = row.approver;
  const lock = JSON.stringify(["countersign.passkey_invitations", tenant]);
  return inTransaction(options, async (client) => {
    await client.query("select pg_advisory_xact_lock(hashtextextended($1, 0))", [lock]);
    await client.query(
      "delete from countersign.passkey_invitations where tenant = $1 and expires_at <= $2",
      [tenant, nowMs],
    );
    const hash = toDigestBytes(row.hash);
    const { rows } = await client.query<{ count: number }>(
      // Its own hash is that of an attempt whose answer was lost.
      "select count(*) as count from countersign.passkey_invitations where tenant = $1 and hash <> $2",
      [tenant, hash],
    );
    if (rows[0]!.count >= passkeyLimits.invitations) return { outcome: "full" };
    await client.query(
      `insert into countersign.passkey_invitations (tenant, hash, subject, invited_by, expires_at)
       values ($1, $2, $3, $4, $5) on conflict (tenant, hash) do nothing`,
      [tenant, hash, subject, row.by, row.expiresAtMs],
    );
    return { outcome: "invited" };
  });
}
