import { toDigest, type Digest, type TenantId } from "../model/index.ts";
import { refusePasskey, type PasskeyRefusal } from "../ports/passkey-refusal.ts";
import type { PasskeyPage, PasskeyRow } from "../ports/passkey-rows.ts";
import type { Approver } from "../ports/passkeys.ts";
import type {
  ConfirmationBegun,
  IntentSigned,
  Invitation,
  PasskeyAdded,
  PasskeyParts,
  PasskeyRemoved,
  RegistrationBegun,
  RegistrationFinish,
  RemovalFinish,
  SigningBegun,
} from "./passkey-parts.ts";
import { beginRegistration, finishRegistration } from "./passkey-registration.ts";
import { beginRemoval, finishRemoval } from "./passkey-removal.ts";
import { beginSigning, proveBy, toChallenge } from "./passkey-signing.ts";

/** Passkeys of approvers: how one gets in, and what each signs. Every no is a value. */
export interface Passkeys {
  /** Where a person's browser has to be for all of this; null where there are no passkeys. */
  origin(): string | null;
  /** A code for one passkey of this approver, shown once. */
  invite(approver: Approver, by: string): Promise<Invitation | PasskeyRefusal>;
  /** With an invitation's code, or null: then a passkey that the approver has must agree. */
  beginRegistration(
    approver: Approver,
    code: string | null,
  ): Promise<RegistrationBegun | PasskeyRefusal>;
  finishRegistration(
    approver: Approver,
    finish: RegistrationFinish,
  ): Promise<PasskeyAdded | PasskeyRefusal>;
  list(approver: Approver): Promise<readonly PasskeyRow[]>;
  /** Of everybody, for the admin. */
  page(tenant: TenantId, page: PasskeyPage): Promise<readonly PasskeyRow[]>;
  beginRemoval(approver: Approver, id: string): Promise<ConfirmationBegun | PasskeyRefusal>;
  /** One's own, with the word of a passkey that one has. */
  finishRemoval(
    approver: Approver,
    finish: RemovalFinish,
  ): Promise<PasskeyRemoved | PasskeyRefusal>;
  /** Of anybody, by the admin. False when it is not there. */
  remove(tenant: TenantId, id: string): Promise<boolean>;
  /** What the browser is given to sign this intent's digest, and nothing else. */
  beginSigning(approver: Approver, intent: Digest): Promise<SigningBegun | PasskeyRefusal>;
  /** The proof that this approver signed this intent. Whether it is wanted once is not known here. */
  sign(
    approver: Approver,
    intent: Digest,
    assertion: unknown,
  ): Promise<IntentSigned | PasskeyRefusal>;
}

/** As long as it takes to send a code to somebody who sits there. */
const invitedForMs = 15 * 60_000;
/** 128 bits: no hash of it is ever undone by guessing. */
const codeBytes = 16;

export function createPasskeys(parts: PasskeyParts): Passkeys {
  const { rows, ceremonies } = parts;
  return {
    origin: () => ceremonies.origin(),
    invite: (approver, by) => invite(parts, approver, by),
    async beginRegistration(approver, code) {
      const hash = code === null ? null : toCodeHash(code);
      return told(parts, approver, await beginRegistration(parts, approver, hash));
    },
    async finishRegistration(approver, finish) {
      return told(parts, approver, await finishRegistration(parts, approver, finish));
    },
    list: (approver) => rows.list(approver),
    page: (tenant, page) => rows.page(tenant, page),
    async beginRemoval(approver, id) {
      return told(parts, approver, await beginRemoval(parts, approver, id));
    },
    async finishRemoval(approver, finish) {
      return told(parts, approver, await finishRemoval(parts, approver, finish));
    },
    remove: (tenant, id) => rows.remove({ tenant, id }),
    beginSigning: (approver, intent) => beginSigning(parts, approver, toChallenge(intent)),
    async sign(approver, intent, assertion) {
      const claimed = { challenge: toChallenge(intent), assertion };
      const outcome = told(parts, approver, await proveBy(parts, approver, claimed));
      if (outcome.kind === "refused") return outcome;
      const { proof, passkey } = outcome;
      return { kind: "signed", proof, passkey };
    },
  };
}

/** The same outcome. Refusals are what somebody sees of a theft. */
function told<Outcome extends { readonly kind: string }>(
  { telemetry }: PasskeyParts,
  { tenant, subject }: Approver,
  outcome: Outcome | PasskeyRefusal,
): Outcome | PasskeyRefusal {
  if ("why" in outcome) {
    telemetry.log("warn", "a passkey was refused", {
      tenant,
      approver: subject,
      why: outcome.why,
    });
  }
  return outcome;
}

async function invite(
  { rows, ceremonies, clock, random }: PasskeyParts,
  approver: Approver,
  by: string,
): Promise<Invitation | PasskeyRefusal> {
  if (ceremonies.origin() === null) return refusePasskey("no_origin");
  const code = toCode(random.bytes(codeBytes));
  const nowMs = clock.nowMs();
  const expiresAtMs = nowMs + invitedForMs;
  const put = await rows.invite({ approver, hash: toCodeHash(code), by, expiresAtMs }, nowMs);
  return put === "full" ? refusePasskey("too_many") : { kind: "invited", code, expiresAtMs };
}

/** Digits that are told apart in every type, in groups that can be read out. */
function toCode(bytes: Uint8Array): string {
  const digits = Buffer.from(bytes).toString("hex");
  return digits.replace(/.{8}(?=.)/g, "$&-");
}

/** Of the digits alone: a person may type the groups as they like. */
function toCodeHash(code: string): Digest {
  return toDigest(`passkey invitation ${code.toLowerCase().replace(/[^0-9a-z]/g, "")}`);
}
