/** Why nothing was signed, added or removed. A value, never an error. */
export interface PasskeyRefusal {
  readonly kind: "refused";
  readonly why: PasskeyWhy;
  readonly message: string;
}

const words = {
  no_origin: "Browsers keep no passkeys for an IP address: publicUrl has to name this server.",
  malformed: "What the browser sent is no answer to this question.",
  challenge: "The passkey signed something else than what was asked.",
  origin: "It was signed on another site.",
  cross_origin: "It was signed in a frame of another site.",
  rp: "The passkey belongs to another site.",
  absent: "The authenticator does not say that somebody was there.",
  unverified: "The authenticator does not say who was there: it asked for no PIN, finger or face.",
  algorithm:
    "The passkey's key is not one of ES256, EdDSA (Ed25519) and RS256 (2048 to 4096 bits).",
  attestation: "The authenticator tells its maker, which was not asked for.",
  unknown: "This passkey is not known here.",
  not_yours: "This passkey is another approver's.",
  signature: "The signature is not the passkey's.",
  counter: "The passkey counted back: there may be a copy of it. Remove it, and add another.",
  invitation: "There is no invitation with this code for this approver: it ran out or was used.",
  no_passkey: "This approver has no passkey yet. The first one takes an admin's invitation.",
  expired: "It took too long, or this was begun by somebody else. Begin again.",
  replayed: "This was used already. Begin again.",
  exists: "This passkey was added before.",
  too_many: "There are as many as there may be. Remove one, or wait until one has run out.",
} as const;

export type PasskeyWhy = keyof typeof words;

export function refusePasskey(why: PasskeyWhy): PasskeyRefusal {
  return Object.freeze({ kind: "refused", why, message: words[why] });
}
