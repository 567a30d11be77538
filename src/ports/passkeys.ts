import type { PasskeyProof, TenantId } from "../model/index.ts";
import type { PasskeyRefusal } from "./passkey-refusal.ts";

/** Who decides on approvals, by a credential of their own. */
export interface Approver {
  readonly tenant: TenantId;
  readonly subject: string;
}

/** What a browser is given to ask its authenticators. Only the adapter and the page read it. */
export type CeremonyRequest = Readonly<Record<string, unknown>>;

/** A passkey as it was registered. */
export interface KnownPasskey {
  /** As its authenticator named it, in base64url. */
  readonly id: string;
  readonly approver: Approver;
  /** As the authenticator gave it; only the adapter reads it. */
  readonly publicKey: Uint8Array;
  readonly algorithm: PasskeyProof["algorithm"];
  /** Of the last use; 0 of authenticators that do not count. */
  readonly counter: number;
  /** How a browser gets at it: a hint of its own. */
  readonly transports: readonly string[];
}

/** The two ceremonies of a passkey: it is made, and it signs. Each is begun here and finished here. */
export interface PasskeyCeremonies {
  /** Where the browser has to be; null where this server has no name that passkeys could be for. */
  origin(): string | null;
  beginRegistration(asked: RegistrationAsked): Promise<CeremonyRequest>;
  finishRegistration(made: RegistrationMade): Promise<Registered | PasskeyRefusal>;
  beginSigning(asked: SigningAsked): Promise<CeremonyRequest>;
  finishSigning(made: SigningMade): Promise<Signed | PasskeyRefusal>;
}

export interface RegistrationAsked {
  readonly approver: Approver;
  readonly challenge: Uint8Array;
  /** An authenticator that has one of these makes no other. */
  readonly known: readonly KnownPasskey[];
  readonly withinMs: number;
}

export interface RegistrationMade {
  readonly approver: Approver;
  readonly challenge: Uint8Array;
  /** As the browser sent it. */
  readonly attestation: unknown;
}

export interface Registered {
  readonly kind: "registered";
  readonly passkey: KnownPasskey;
}

export interface SigningAsked {
  readonly challenge: Uint8Array;
  readonly known: readonly KnownPasskey[];
  readonly withinMs: number;
}

export interface SigningMade {
  readonly approver: Approver;
  readonly challenge: Uint8Array;
  /** As the browser sent it. */
  readonly assertion: unknown;
  readonly find: (id: string) => Promise<KnownPasskey | null>;
}

export interface Signed {
  readonly kind: "signed";
  /** Which one it was. */
  readonly passkey: string;
  readonly counter: number;
  readonly proof: PasskeyProof;
}
