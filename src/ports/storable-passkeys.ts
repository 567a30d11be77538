import { Fault } from "../model/index.ts";
import type { Approver } from "./passkeys.ts";
import {
  passkeyLimits,
  type InvitationRow,
  type Invited,
  type PasskeyKey,
  type PasskeyRow,
  type SpentChallenge,
} from "./passkey-rows.ts";
import { requireBytes, requireDigest, requireName, requireWhole } from "./storable.ts";

/** What every store refuses of passkeys before it writes or looks. */
export function requireStorablePasskey(row: PasskeyRow): void {
  requirePasskeyKey(toKey(row));
  requireApprover(row.approver);
  requireBytes("publicKey", row.publicKey, passkeyLimits.publicKeyBytes);
  requireWhole("counter", row.counter);
  if (row.transports.length > passkeyLimits.transports) {
    throw new Fault("payload_too_large", "transports holds more than a browser knows of");
  }
  for (const transport of row.transports) requireName("transports", transport);
  requireName("addedBy", row.addedBy);
  requireWhole("addedAtMs", row.addedAtMs);
  if (row.usedAtMs !== null) requireWhole("usedAtMs", row.usedAtMs);
}

export function toKey({ id, approver: { tenant } }: PasskeyRow): PasskeyKey {
  return { id, tenant };
}

export function requirePasskeyKey({ tenant, id }: PasskeyKey): void {
  requireName("tenant", tenant);
  const bytes = Buffer.from(id, "base64url");
  requireBytes("id", bytes, passkeyLimits.idBytes);
  // One id has one spelling.
  if (bytes.length === 0 || bytes.toString("base64url") !== id) {
    throw new Fault("payload_invalid", "id is not base64url");
  }
}

export function requireApprover({ tenant, subject }: Approver): void {
  requireName("tenant", tenant);
  requireName("subject", subject);
}

export function requireInvited({ approver, hash }: Invited): void {
  requireApprover(approver);
  requireDigest("hash", hash);
}

export function requireStorableInvitation(row: InvitationRow): void {
  requireInvited(row);
  requireName("by", row.by);
  requireWhole("expiresAtMs", row.expiresAtMs);
}

export function requireSpent({ tenant, hash, expiresAtMs }: SpentChallenge): void {
  requireName("tenant", tenant);
  requireDigest("hash", hash);
  requireWhole("expiresAtMs", expiresAtMs);
}
