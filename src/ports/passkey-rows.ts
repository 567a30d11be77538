import type { Digest, TenantId } from "../model/index.ts";
import type { Approver, KnownPasskey } from "./passkeys.ts";

export const passkeyLimits = {
  perApprover: 20,
  /** Of one tenant, that have not run out. */
  invitations: 1_000,
  /** WebAuthn's own bound. */
  idBytes: 1_023,
  /** A key of RSA with 4096 bits has about 530. */
  publicKeyBytes: 2_048,
  transports: 8,
} as const;

export interface PasskeyRow extends KnownPasskey {
  /** The admin who invited, or the approver, by a passkey that was in already. */
  readonly addedBy: string;
  readonly addedAtMs: number;
  readonly usedAtMs: number | null;
}

export type PasskeyKey = Pick<PasskeyRow, "id"> & Pick<Approver, "tenant">;

/** Passkeys of approvers, and what may be used once to get one. Nothing of a tenant is another's. */
export interface PasskeyRows {
  /** `exists`: somebody of the tenant has it. `full`: the approver has as many as one may. */
  add(row: PasskeyRow): Promise<"added" | "exists" | "full">;
  get(key: PasskeyKey): Promise<PasskeyRow | null>;
  /** By id. */
  list(approver: Approver): Promise<readonly PasskeyRow[]>;
  /** Of everybody in the tenant, by subject and id. */
  page(tenant: TenantId, page: PasskeyPage): Promise<readonly PasskeyRow[]>;
  /** False where the counter did not go forward; one that stays 0 does not count at all. */
  touch(use: PasskeyUse): Promise<boolean>;
  remove(key: PasskeyKey): Promise<boolean>;

  /** Forgets those that have run out. `full`: as many as a tenant may have are open. */
  invite(row: InvitationRow, nowMs: number): Promise<"invited" | "full">;
  /** Whether it could be taken now. */
  isInvited(asked: Invited, nowMs: number): Promise<boolean>;
  /** Once, by the approver that it is for, until it runs out: who invited, else null. */
  takeInvitation(asked: Invited, nowMs: number): Promise<string | null>;

  /** False when it was spent before. Remembered until it has run out by itself. */
  spend(challenge: SpentChallenge, nowMs: number): Promise<boolean>;
}

export interface PasskeyPage {
  readonly after: { readonly subject: string; readonly id: string } | null;
  readonly limit: number;
}

export interface PasskeyUse extends PasskeyKey {
  readonly counter: number;
  readonly nowMs: number;
}

export interface Invited {
  readonly approver: Approver;
  /** Of the code, which is kept nowhere. */
  readonly hash: Digest;
}

export interface InvitationRow extends Invited {
  readonly by: string;
  /** Not good any more from this moment on. */
  readonly expiresAtMs: number;
}

export interface SpentChallenge {
  readonly tenant: TenantId;
  readonly hash: Digest;
  readonly expiresAtMs: number;
}
