import { generateAuthenticationOptions, generateRegistrationOptions } from "@simplewebauthn/server";
import type {
  CeremonyRequest,
  KnownPasskey,
  RegistrationAsked,
  SigningAsked,
} from "../../ports/passkeys.ts";
import { algorithms } from "./algorithms.ts";
import type { PasskeyPlace } from "./to-place.ts";
import { toUserHandle } from "./user-handle.ts";

export async function beginRegistration(
  { approver, challenge, known, withinMs }: RegistrationAsked,
  place: PasskeyPlace,
): Promise<CeremonyRequest> {
  const request = await generateRegistrationOptions({
    rpName: "Countersign",
    rpID: place.name,
    userName: approver.subject,
    userDisplayName: approver.subject,
    userID: Uint8Array.from(toUserHandle(approver)),
    challenge: Uint8Array.from(challenge),
    timeout: withinMs,
    attestationType: "none",
    excludeCredentials: known.map(toDescriptor),
    authenticatorSelection: { residentKey: "preferred", userVerification: "required" },
    supportedAlgorithmIDs: [...algorithms],
  });
  return toRequest(request);
}

export async function beginSigning(
  { challenge, known, withinMs }: SigningAsked,
  place: PasskeyPlace,
): Promise<CeremonyRequest> {
  const request = await generateAuthenticationOptions({
    rpID: place.name,
    challenge: Uint8Array.from(challenge),
    timeout: withinMs,
    allowCredentials: known.map(toDescriptor),
    userVerification: "required",
  });
  return toRequest(request);
}

function toDescriptor({ id, transports }: KnownPasskey): { id: string; transports: string[] } {
  return { id, transports: [...transports] };
}

/** Plain JSON, without what is undefined. */
function toRequest(options: object): CeremonyRequest {
  return JSON.parse(JSON.stringify(options)) as CeremonyRequest;
}
