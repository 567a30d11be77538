import type { PasskeyProof } from "../model/index.ts";
import type { Clock } from "../ports/clock.ts";
import type { PasskeyRow, PasskeyRows } from "../ports/passkey-rows.ts";
import type { CeremonyRequest, PasskeyCeremonies } from "../ports/passkeys.ts";
import type { Random } from "../ports/random.ts";
import type { Sealer } from "../ports/sealer.ts";
import type { Telemetry } from "../ports/telemetry.ts";

export interface PasskeyParts {
  readonly rows: PasskeyRows;
  readonly ceremonies: PasskeyCeremonies;
  readonly sealer: Sealer;
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
}

export interface Invitation {
  readonly kind: "invited";
  readonly code: string;
  readonly expiresAtMs: number;
}

export interface RegistrationBegun {
  readonly kind: "begun";
  /** Goes back with what the browser makes. */
  readonly ticket: string;
  readonly create: CeremonyRequest;
  /** What a passkey that one has must sign first; null with an invitation. */
  readonly confirm: CeremonyRequest | null;
  readonly expiresAtMs: number;
}

export interface RegistrationFinish {
  readonly ticket: string;
  readonly attestation: unknown;
  readonly assertion: unknown;
}

export interface PasskeyAdded {
  readonly kind: "added";
  readonly passkey: PasskeyRow;
}

export interface ConfirmationBegun {
  readonly kind: "begun";
  readonly ticket: string;
  readonly confirm: CeremonyRequest;
  readonly expiresAtMs: number;
}

export interface RemovalFinish {
  readonly id: string;
  readonly ticket: string;
  readonly assertion: unknown;
}

export interface PasskeyRemoved {
  readonly kind: "removed";
}

export interface SigningBegun {
  readonly kind: "begun";
  readonly request: CeremonyRequest;
}

export interface IntentSigned {
  readonly kind: "signed";
  readonly proof: PasskeyProof;
  /** Which passkey of the approver it was. */
  readonly passkey: string;
}
