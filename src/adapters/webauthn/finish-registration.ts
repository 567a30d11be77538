import { verifyRegistrationResponse } from "@simplewebauthn/server";
import { decodeAttestationObject, parseAuthenticatorData } from "@simplewebauthn/server/helpers";
import { refusePasskey, type PasskeyRefusal } from "../../ports/passkey-refusal.ts";
import type { Registered, RegistrationMade } from "../../ports/passkeys.ts";
import { algorithms } from "./algorithms.ts";
import { judge } from "./judge.ts";
import { readAttestation, type Attestation } from "./read-answer.ts";
import type { PasskeyPlace } from "./to-place.ts";
import { toSpki } from "./to-spki.ts";

export async function finishRegistration(
  { approver, challenge, attestation }: RegistrationMade,
  place: PasskeyPlace,
): Promise<Registered | PasskeyRefusal> {
  const answer = readAttestation(attestation);
  const stated = answer === null ? null : readStatement(answer);
  if (answer === null || stated === null) return refusePasskey("malformed");
  const client = answer.response.clientDataJSON;
  const said = { type: "webauthn.create", challenge, place, client, ...stated } as const;
  const wrong = judge(said);
  if (wrong !== null) return refusePasskey(wrong);
  // Certificates would have the library fetch lists of revoked ones, from where they themselves say.
  if (!stated.isAnonymous) return refusePasskey("attestation");
  const key = toSpki(stated.publicKey);
  if (key === null) return refusePasskey("algorithm");
  const made = await verify(answer, challenge, place);
  if (made === null || made.id !== answer.id) return refusePasskey("malformed");
  const { id, publicKey, counter } = made;
  const transports = answer.response.transports ?? [];
  const { algorithm } = key;
  return {
    kind: "registered",
    passkey: { id, approver, publicKey, algorithm, counter, transports },
  };
}

interface Statement {
  readonly authenticator: Uint8Array;
  readonly publicKey: Uint8Array;
  /** Signed by nobody, or by the new key itself. */
  readonly isAnonymous: boolean;
}

function readStatement({ response }: Attestation): Statement | null {
  try {
    const object = decodeAttestationObject(
      Uint8Array.from(Buffer.from(response.attestationObject, "base64url")),
    );
    const [format, statement] = [object.get("fmt"), object.get("attStmt")];
    const isAnonymous =
      format === "none" || (format === "packed" && statement.get("x5c") === undefined);
    const authenticator = object.get("authData");
    const { credentialPublicKey: publicKey } = parseAuthenticatorData(authenticator);
    return publicKey === undefined ? null : { authenticator, publicKey, isAnonymous };
  } catch {
    return null;
  }
}

type Verified = Awaited<ReturnType<typeof verifyRegistrationResponse>>;
type Made = NonNullable<Verified["registrationInfo"]>["credential"];

/** Null for whatever the library does not take. */
async function verify(
  answer: Attestation,
  challenge: Uint8Array,
  place: PasskeyPlace,
): Promise<Made | null> {
  const { id, rawId, type, response } = answer;
  const { clientDataJSON, attestationObject } = response;
  try {
    const { registrationInfo } = await verifyRegistrationResponse({
      response: {
        id,
        rawId,
        type,
        clientExtensionResults: {},
        response: { clientDataJSON, attestationObject },
      },
      expectedChallenge: Buffer.from(challenge).toString("base64url"),
      expectedOrigin: place.origin,
      expectedRPID: place.name,
      requireUserVerification: true,
      supportedAlgorithmIDs: [...algorithms],
    });
    return registrationInfo?.credential ?? null;
  } catch {
    return null;
  }
}
