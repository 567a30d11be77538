import type { Digest, TenantId } from "../model/index.ts";
import {
  passkeyLimits,
  type InvitationRow,
  type Invited,
  type PasskeyKey,
  type PasskeyRow,
  type PasskeyRows,
} from "./passkey-rows.ts";
import type { Approver } from "./passkeys.ts";
import {
  requireApprover,
  requireInvited,
  requirePasskeyKey,
  requireSpent,
  requireStorableInvitation,
  requireStorablePasskey,
  toKey,
} from "./storable-passkeys.ts";
import { storeLimits } from "./store-limits.ts";

export function createInMemoryPasskeys(): PasskeyRows {
  const rows = new Map<string, PasskeyRow>();
  const listed = (tenant: TenantId): readonly PasskeyRow[] =>
    [...rows.values()].filter(({ approver }) => approver.tenant === tenant).toSorted(bySubject);
  const listOf = (approver: Approver): readonly PasskeyRow[] =>
    listed(approver.tenant).filter((row) => row.approver.subject === approver.subject);
  return {
    async add(row) {
      requireStorablePasskey(row);
      if (rows.has(toPlace(toKey(row)))) return "exists";
      if (listOf(row.approver).length >= passkeyLimits.perApprover) return "full";
      rows.set(toPlace(toKey(row)), copy(row));
      return "added";
    },
    async get(key) {
      requirePasskeyKey(key);
      return rows.get(toPlace(key)) ?? null;
    },
    async list(approver) {
      requireApprover(approver);
      return listOf(approver);
    },
    async page(tenant, { after, limit }) {
      return listed(tenant)
        .filter((row) => after === null || compare(toSortKey(row), after) > 0)
        .slice(0, Math.min(limit, storeLimits.rowsPerPage));
    },
    async touch({ counter, nowMs, ...key }) {
      requirePasskeyKey(key);
      const row = rows.get(toPlace(key));
      const isForward = row !== undefined && (counter > row.counter || counter + row.counter === 0);
      if (isForward) rows.set(toPlace(key), { ...row, counter, usedAtMs: nowMs });
      return isForward;
    },
    async remove(key) {
      requirePasskeyKey(key);
      return rows.delete(toPlace(key));
    },
    ...createInMemoryOnces(),
  };
}

/** What is good once: invitations, and challenges that were spent. */
function createInMemoryOnces(): Pick<
  PasskeyRows,
  "invite" | "isInvited" | "takeInvitation" | "spend"
> {
  const invitations = new Map<string, InvitationRow>();
  const spent = new Map<string, number>();
  const find = ({ approver, hash }: Invited, nowMs: number): InvitationRow | null => {
    const row = invitations.get(toOnce(approver.tenant, hash));
    const isIts = row?.approver.subject === approver.subject && row.expiresAtMs > nowMs;
    return isIts ? row : null;
  };
  return {
    async invite(row, nowMs) {
      requireStorableInvitation(row);
      const { tenant } = row.approver;
      const own = [...invitations].filter(([, each]) => each.approver.tenant === tenant);
      for (const [key, { expiresAtMs }] of own) if (expiresAtMs <= nowMs) invitations.delete(key);
      const open = own.filter(([, { expiresAtMs }]) => expiresAtMs > nowMs);
      if (open.length >= passkeyLimits.invitations) return "full";
      invitations.set(toOnce(tenant, row.hash), { ...row });
      return "invited";
    },
    async isInvited(asked, nowMs) {
      requireInvited(asked);
      return find(asked, nowMs) !== null;
    },
    async takeInvitation(asked, nowMs) {
      requireInvited(asked);
      const row = find(asked, nowMs);
      if (row !== null) invitations.delete(toOnce(asked.approver.tenant, asked.hash));
      return row?.by ?? null;
    },
    async spend(challenge, nowMs) {
      requireSpent(challenge);
      for (const [key, expiresAtMs] of spent) if (expiresAtMs <= nowMs) spent.delete(key);
      const key = toOnce(challenge.tenant, challenge.hash);
      if (spent.has(key)) return false;
      spent.set(key, challenge.expiresAtMs);
      return true;
    },
  };
}

const toPlace = ({ tenant, id }: PasskeyKey): string => `${tenant} ${id}`;
const toOnce = (tenant: TenantId, hash: Digest): string => `${tenant} ${hash}`;

interface SortKey {
  readonly subject: string;
  readonly id: string;
}

const toSortKey = ({ id, approver: { subject } }: PasskeyRow): SortKey => ({ id, subject });
const bySubject = (a: PasskeyRow, b: PasskeyRow): number => compare(toSortKey(a), toSortKey(b));

/** By bytes, as Postgres does it. */
function compare(a: SortKey, b: SortKey): number {
  return (
    Buffer.compare(Buffer.from(a.subject), Buffer.from(b.subject)) ||
    Buffer.compare(Buffer.from(a.id, "base64url"), Buffer.from(b.id, "base64url"))
  );
}

function copy(row: PasskeyRow): PasskeyRow {
  const { publicKey, transports } = row;
  return { ...row, publicKey: publicKey.slice(), transports: [...transports] };
}
