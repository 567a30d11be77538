import type { Digest } from "../model/index.ts";
import { refusePasskey, type PasskeyRefusal } from "../ports/passkey-refusal.ts";
import { passkeyLimits } from "../ports/passkey-rows.ts";
import type { Approver } from "../ports/passkeys.ts";
import { beginSigning, proveBy, toConfirmation } from "./passkey-signing.ts";
import { drawTicket, readTicket, spendTicket, type Ticket } from "./passkey-ticket.ts";
import type {
  PasskeyAdded,
  PasskeyParts,
  RegistrationBegun,
  RegistrationFinish,
} from "./passkey-parts.ts";

/**
 * An API key alone gets no passkey in: it takes an admin's invitation, or the word of a passkey that
 * is in already. Nothing is used up before the end, so that a person may begin again.
 */
export async function beginRegistration(
  parts: PasskeyParts,
  approver: Approver,
  invitation: Digest | null,
): Promise<RegistrationBegun | PasskeyRefusal> {
  const { rows, ceremonies, clock } = parts;
  if (ceremonies.origin() === null) return refusePasskey("no_origin");
  if (
    invitation !== null &&
    !(await rows.isInvited({ approver, hash: invitation }, clock.nowMs()))
  ) {
    return refusePasskey("invitation");
  }
  const known = await rows.list(approver);
  if (known.length >= passkeyLimits.perApprover) return refusePasskey("too_many");
  const what = { purpose: "add", approver, invitation, passkey: null } as const;
  const { ticket, sealed } = drawTicket(parts, what);
  const confirm =
    invitation === null ? await beginSigning(parts, approver, toAgreement(ticket)) : null;
  if (confirm?.kind === "refused") return confirm;
  const { expiresAtMs } = ticket;
  const create = await ceremonies.beginRegistration({
    approver,
    challenge: toNonceBytes(ticket),
    known,
    withinMs: expiresAtMs - clock.nowMs(),
  });
  return {
    kind: "begun",
    ticket: sealed,
    create,
    confirm: confirm?.request ?? null,
    expiresAtMs,
  };
}

export async function finishRegistration(
  parts: PasskeyParts,
  approver: Approver,
  { ticket: sealed, attestation, assertion }: RegistrationFinish,
): Promise<PasskeyAdded | PasskeyRefusal> {
  const { rows, ceremonies, clock } = parts;
  const ticket = readTicket(parts, sealed, { purpose: "add", approver });
  if (ticket === null) return refusePasskey("expired");
  const challenge = toNonceBytes(ticket);
  const made = await ceremonies.finishRegistration({ approver, challenge, attestation });
  if (made.kind === "refused") return made;
  const { passkey } = made;
  if ((await rows.get({ tenant: approver.tenant, id: passkey.id })) !== null) {
    return refusePasskey("exists");
  }
  const allowed = await allow(parts, ticket, assertion);
  if (allowed.kind === "refused") return allowed;
  if (!(await spendTicket(parts, ticket))) return refusePasskey("replayed");
  const row = { ...passkey, addedBy: allowed.by, addedAtMs: clock.nowMs(), usedAtMs: null };
  const added = await rows.add(row);
  if (added !== "added") return refusePasskey(added === "full" ? "too_many" : "exists");
  return { kind: "added", passkey: row };
}

/** Who let it in: the admin whose invitation is taken now, or a passkey that the approver has. */
async function allow(
  parts: PasskeyParts,
  ticket: Ticket,
  assertion: unknown,
): Promise<{ readonly kind: "allowed"; readonly by: string } | PasskeyRefusal> {
  const { approver, invitation } = ticket;
  if (invitation !== null) {
    const { rows, clock } = parts;
    const by = await rows.takeInvitation({ approver, hash: invitation }, clock.nowMs());
    return by === null ? refusePasskey("invitation") : { kind: "allowed", by };
  }
  const proven = await proveBy(parts, approver, { challenge: toAgreement(ticket), assertion });
  return proven.kind === "refused" ? proven : { kind: "allowed", by: approver.subject };
}

function toAgreement({ approver, nonce }: Ticket): Uint8Array {
  return toConfirmation({ purpose: "add passkey", approver, passkey: null, nonce });
}

function toNonceBytes({ nonce }: Ticket): Uint8Array {
  return Buffer.from(nonce, "base64url");
}
