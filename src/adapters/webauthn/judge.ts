import { hash } from "node:crypto";
import type { PasskeyWhy } from "../../ports/passkey-refusal.ts";
import { readClient } from "./read-answer.ts";
import type { PasskeyPlace } from "./to-place.ts";

export interface Judged {
  readonly type: "webauthn.create" | "webauthn.get";
  readonly challenge: Uint8Array;
  readonly place: PasskeyPlace;
  /** In base64url, as the browser sent it. */
  readonly client: string;
  readonly authenticator: Uint8Array;
}

/** Of what an authenticator says: hash of the name, flags, counter. */
const shortest = 37;
const wasThere = 0x01;
const isVerified = 0x04;

/**
 * What is wrong with the words around a signature, or null. The library refuses most of it, too, but
 * with an error for whatever it is; and a frame of another site only where the browser names that site.
 */
export function judge({
  type,
  challenge,
  place,
  client,
  authenticator,
}: Judged): PasskeyWhy | null {
  const said = readClient(client);
  if (said === null || said.type !== type || authenticator.length < shortest) return "malformed";
  if (said.challenge !== Buffer.from(challenge).toString("base64url")) return "challenge";
  if (said.origin !== place.origin) return "origin";
  if (said.crossOrigin === true || said.topOrigin !== undefined) return "cross_origin";
  const name = Buffer.from(authenticator.subarray(0, 32)).toString("hex");
  if (name !== hash("sha256", place.name, "hex")) return "rp";
  const flags = authenticator[32]!;
  if ((flags & wasThere) === 0) return "absent";
  return (flags & isVerified) === 0 ? "unverified" : null;
}

export function readCounter(authenticator: Uint8Array): number {
  return Buffer.from(authenticator).readUInt32BE(33);
}
