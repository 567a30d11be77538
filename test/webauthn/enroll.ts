import type { Passkeys } from "../../src/authority/passkeys.ts";
import type { PasskeyRefusal } from "../../src/ports/passkey-refusal.ts";
import type { Approver } from "../../src/ports/passkeys.ts";
import {
  createSoftwareAuthenticator,
  type KeyKind,
  type Lies,
  type SoftwareAuthenticator,
} from "./software-authenticator.ts";

type Scene = { readonly passkeys: Passkeys };

/** What must not be refused at this point of a test. */
export function expectDone<Outcome extends { readonly kind: string }>(
  outcome: Outcome | PasskeyRefusal,
): Exclude<Outcome, PasskeyRefusal> {
  if (outcome.kind === "refused") throw new Error(`refused: ${JSON.stringify(outcome)}`);
  return outcome as Exclude<Outcome, PasskeyRefusal>;
}

export async function invite({ passkeys }: Scene, approver: Approver): Promise<string> {
  return expectDone(await passkeys.invite(approver, "admin")).code;
}

/** A passkey by an invitation, the way an honest browser does it. */
export async function enroll(
  scene: Scene,
  approver: Approver,
  made: { readonly kind?: KeyKind; readonly counts?: boolean } = {},
): Promise<SoftwareAuthenticator> {
  const authenticator = createSoftwareAuthenticator(made.kind, made);
  expectDone(
    await tryEnroll(scene, approver, { authenticator, code: await invite(scene, approver) }),
  );
  return authenticator;
}

export interface Enrolling {
  readonly authenticator: SoftwareAuthenticator;
  readonly code: string;
  readonly lies?: Lies;
}

export async function tryEnroll(
  { passkeys }: Scene,
  approver: Approver,
  { authenticator, code, lies = {} }: Enrolling,
) {
  const begun = await passkeys.beginRegistration(approver, code);
  if (begun.kind === "refused") return begun;
  const attestation = authenticator.create(begun.create, lies);
  const { ticket } = begun;
  return passkeys.finishRegistration(approver, { ticket, attestation, assertion: null });
}
