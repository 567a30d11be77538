import { createPublicKey, hash, verify } from "node:crypto";
import { verifyAuthenticationResponse } from "@simplewebauthn/server";
import type { PasskeyProof } from "../../model/index.ts";
import { refusePasskey, type PasskeyRefusal } from "../../ports/passkey-refusal.ts";
import type { Approver, KnownPasskey, Signed, SigningMade } from "../../ports/passkeys.ts";
import { judge, readCounter } from "./judge.ts";
import { readAssertion, type Assertion } from "./read-answer.ts";
import type { PasskeyPlace } from "./to-place.ts";
import { toSpki, type SpkiKey } from "./to-spki.ts";
import { toUserHandle } from "./user-handle.ts";

export async function finishSigning(
  made: SigningMade,
  place: PasskeyPlace,
): Promise<Signed | PasskeyRefusal> {
  const { approver, challenge } = made;
  const answer = readAssertion(made.assertion);
  if (answer === null) return refusePasskey("malformed");
  const { clientDataJSON: client, authenticatorData, signature, userHandle } = answer.response;
  const known = await made.find(answer.id);
  if (known === null) return refusePasskey("unknown");
  if (!isOf(known, approver)) return refusePasskey("not_yours");
  const authenticator = Buffer.from(authenticatorData, "base64url");
  const wrong = judge({ type: "webauthn.get", challenge, place, client, authenticator });
  if (wrong !== null) return refusePasskey(wrong);
  const ours = toUserHandle(approver).toString("base64url");
  if ((userHandle ?? ours) !== ours) return refusePasskey("not_yours");
  const key = toSpki(known.publicKey);
  const isGood = key !== null && (await isSigned({ answer, challenge, place, known }));
  if (!isGood || !isProof(key, answer)) return refusePasskey("signature");
  const counter = readCounter(authenticator);
  if (counter + known.counter > 0 && counter <= known.counter) return refusePasskey("counter");
  const proof: PasskeyProof = Object.freeze({
    key: Buffer.from(key.spki).toString("base64url"),
    algorithm: key.algorithm,
    authenticator: authenticatorData,
    client,
    signature,
  });
  return { kind: "signed", passkey: known.id, counter, proof };
}

function isOf({ approver }: KnownPasskey, { tenant, subject }: Approver): boolean {
  return approver.tenant === tenant && approver.subject === subject;
}

interface Claim {
  readonly answer: Assertion;
  readonly challenge: Uint8Array;
  readonly place: PasskeyPlace;
  readonly known: KnownPasskey;
}

async function isSigned({ answer, challenge, place, known }: Claim): Promise<boolean> {
  const { id, rawId, type, response } = answer;
  const { clientDataJSON, authenticatorData, signature } = response;
  try {
    const { verified } = await verifyAuthenticationResponse({
      response: {
        id,
        rawId,
        type,
        clientExtensionResults: {},
        response: { clientDataJSON, authenticatorData, signature },
      },
      expectedChallenge: Buffer.from(challenge).toString("base64url"),
      expectedOrigin: place.origin,
      expectedRPID: place.name,
      requireUserVerification: true,
      // The counter is looked at once it is known to be the authenticator's own.
      credential: { id, publicKey: Uint8Array.from(known.publicKey), counter: 0 },
    });
    return verified;
  } catch {
    return false;
  }
}

/**
 * As whoever checks a receipt does it. The library also takes signatures that are spelt in another way,
 * with bytes behind them for one: they would be an approval here, and no proof of it anywhere.
 */
function isProof({ spki, algorithm }: SpkiKey, { response }: Assertion): boolean {
  const bytes = (text: string) => Buffer.from(text, "base64url");
  const clientHash = hash("sha256", bytes(response.clientDataJSON), "buffer");
  const signed = Buffer.concat([bytes(response.authenticatorData), clientHash]);
  const key = createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });
  return verify(algorithm === -8 ? null : "sha256", signed, key, bytes(response.signature));
}
