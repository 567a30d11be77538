import { toCanonicalBytes, toDigest, type Digest } from "../model/index.ts";
import { refusePasskey, type PasskeyRefusal } from "../ports/passkey-refusal.ts";
import type { Approver, Signed } from "../ports/passkeys.ts";
import type { PasskeyParts, SigningBegun } from "./passkey-parts.ts";

/** As long as a person may look for their authenticator. */
const signWithinMs = 5 * 60_000;

/** What a passkey signs for a digest: its 32 bytes. */
export function toChallenge(digest: Digest): Uint8Array {
  return Buffer.from(digest.slice("sha256:".length), "hex");
}

/**
 * What a passkey signs when it agrees to something about passkeys. It is a digest of another form than
 * an intent's, so that nobody who agreed to the one has agreed to the other.
 */
export function toConfirmation(what: Confirmation): Uint8Array {
  const { purpose, approver, passkey, nonce } = what;
  const { tenant, subject } = approver;
  return toChallenge(toDigest(toCanonicalBytes({ purpose, tenant, subject, passkey, nonce })));
}

export interface Confirmation {
  readonly purpose: "add passkey" | "remove passkey";
  readonly approver: Approver;
  /** The one that is to be removed. */
  readonly passkey: string | null;
  readonly nonce: string;
}

export async function beginSigning(
  { rows, ceremonies }: PasskeyParts,
  approver: Approver,
  challenge: Uint8Array,
): Promise<SigningBegun | PasskeyRefusal> {
  if (ceremonies.origin() === null) return refusePasskey("no_origin");
  const known = await rows.list(approver);
  if (known.length === 0) return refusePasskey("no_passkey");
  const request = await ceremonies.beginSigning({ challenge, known, withinMs: signWithinMs });
  return { kind: "begun", request };
}

export interface Claimed {
  readonly challenge: Uint8Array;
  readonly assertion: unknown;
}

/** Whether one of the approver's own passkeys signed it; then its counter has gone forward. */
export async function proveBy(
  { rows, ceremonies, clock }: PasskeyParts,
  approver: Approver,
  { challenge, assertion }: Claimed,
): Promise<Signed | PasskeyRefusal> {
  const { tenant } = approver;
  const find = async (id: string) => rows.get({ tenant, id });
  const outcome = await ceremonies.finishSigning({ approver, challenge, assertion, find });
  if (outcome.kind === "signed") {
    const { passkey: id, counter } = outcome;
    // Of two at once with one counter, the second is a copy as much as a later one would be.
    if (await rows.touch({ tenant, id, counter, nowMs: clock.nowMs() })) return outcome;
  }
  return outcome.kind === "refused" ? outcome : refusePasskey("counter");
}
