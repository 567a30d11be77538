import { toDigest, type Digest } from "../model/index.ts";
import type { Approver } from "../ports/passkeys.ts";
import type { PasskeyParts } from "./passkey-parts.ts";

/**
 * What was begun, carried by the browser and sealed, so that every replica can finish it. It says
 * whose it is and until when; what is finished is remembered, so that it is finished once.
 */
export interface Ticket {
  readonly purpose: "add" | "remove";
  readonly approver: Approver;
  /** 32 random bytes, in base64url. */
  readonly nonce: string;
  /** Hash of the invitation's code that this was begun with. */
  readonly invitation: Digest | null;
  /** The one that is to be removed. */
  readonly passkey: string | null;
  readonly expiresAtMs: number;
}

/** At most this long from the beginning to the end. */
const finishWithinMs = 5 * 60_000;
/** Replicas' clocks may differ by less than this: what is spent is remembered until all think it late. */
const skewMs = 10 * 60_000;
const nonceBytes = 32;

type Drawn = "nonce" | "expiresAtMs";

export function drawTicket(
  { sealer, clock, random }: PasskeyParts,
  what: Omit<Ticket, Drawn>,
): { readonly ticket: Ticket; readonly sealed: string } {
  const nonce = Buffer.from(random.bytes(nonceBytes)).toString("base64url");
  const ticket = { ...what, nonce, expiresAtMs: clock.nowMs() + finishWithinMs };
  return { ticket, sealed: sealer.seal("passkey", JSON.stringify(ticket)) };
}

/** Null for one that is late, of somebody else or for something else. */
export function readTicket(
  { sealer, clock }: PasskeyParts,
  sealed: string,
  { purpose, approver }: Pick<Ticket, "purpose" | "approver">,
): Ticket | null {
  const text = sealer.unseal("passkey", sealed);
  if (text === null) return null;
  // We sealed it: it is what it was.
  const ticket = JSON.parse(text) as Ticket;
  const { tenant, subject } = ticket.approver;
  const isTheirs = tenant === approver.tenant && subject === approver.subject;
  const isGood = isTheirs && ticket.purpose === purpose && ticket.expiresAtMs > clock.nowMs();
  return isGood ? ticket : null;
}

/** False when it was finished before, at whichever replica. */
export function spendTicket({ rows, clock }: PasskeyParts, ticket: Ticket): Promise<boolean> {
  const { approver, nonce, expiresAtMs } = ticket;
  const hash = toDigest(`passkey ticket ${nonce}`);
  return rows.spend(
    { tenant: approver.tenant, hash, expiresAtMs: expiresAtMs + skewMs },
    clock.nowMs(),
  );
}
