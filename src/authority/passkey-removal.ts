import { refusePasskey, type PasskeyRefusal } from "../ports/passkey-refusal.ts";
import type { Approver } from "../ports/passkeys.ts";
import { beginSigning, proveBy, toConfirmation } from "./passkey-signing.ts";
import { drawTicket, readTicket, spendTicket, type Ticket } from "./passkey-ticket.ts";
import type {
  ConfirmationBegun,
  PasskeyParts,
  PasskeyRemoved,
  RemovalFinish,
} from "./passkey-parts.ts";

export async function beginRemoval(
  parts: PasskeyParts,
  approver: Approver,
  id: string,
): Promise<ConfirmationBegun | PasskeyRefusal> {
  if (!(await isOwn(parts, approver, id))) return refusePasskey("unknown");
  const what = { purpose: "remove", approver, invitation: null, passkey: id } as const;
  const { ticket, sealed } = drawTicket(parts, what);
  const begun = await beginSigning(parts, approver, toAgreement(ticket));
  if (begun.kind === "refused") return begun;
  const { expiresAtMs } = ticket;
  return { kind: "begun", ticket: sealed, confirm: begun.request, expiresAtMs };
}

/** Whoever stole an API key cannot take away what the theft would be stopped by. */
export async function finishRemoval(
  parts: PasskeyParts,
  approver: Approver,
  { id, ticket: sealed, assertion }: RemovalFinish,
): Promise<PasskeyRemoved | PasskeyRefusal> {
  const ticket = readTicket(parts, sealed, { purpose: "remove", approver });
  if (ticket?.passkey !== id) return refusePasskey("expired");
  if (!(await isOwn(parts, approver, id))) return refusePasskey("unknown");
  const proven = await proveBy(parts, approver, { challenge: toAgreement(ticket), assertion });
  if (proven.kind === "refused") return proven;
  if (!(await spendTicket(parts, ticket))) return refusePasskey("replayed");
  const isGone = await parts.rows.remove({ tenant: approver.tenant, id });
  return isGone ? { kind: "removed" } : refusePasskey("unknown");
}

async function isOwn({ rows }: PasskeyParts, approver: Approver, id: string): Promise<boolean> {
  const row = await rows.get({ tenant: approver.tenant, id });
  return row?.approver.subject === approver.subject;
}

function toAgreement({ approver, passkey, nonce }: Ticket): Uint8Array {
  return toConfirmation({ purpose: "remove passkey", approver, passkey, nonce });
}
