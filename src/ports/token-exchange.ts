import type { Digest } from "../model/index.ts";
import type { SecretValue } from "./secrets.ts";
import type { ProvenToken } from "./token-verifier.ts";

/** Makes tokens with which an agent acts on behalf of a subject (RFC 8693). */
export interface TokenExchange {
  exchange(subject: ExchangeSubject, asked: Exchange): Promise<ExchangeOutcome>;
  /** With these others can verify our agents' tokens (RFC 7517). */
  readonly jwks: { readonly keys: readonly object[] };
}

/** Who is acted for. A proof that never runs out (an API key's) has an infinite `expiresAtMs`. */
export type ExchangeSubject = Pick<
  ProvenToken,
  "principal" | "scopes" | "roles" | "audiences" | "expiresAtMs"
>;

export interface Exchange extends Actor {
  readonly audience: string;
}

export interface Actor {
  readonly agent: string;
  readonly bundle: Digest;
}

export type ExchangeOutcome =
  | {
      readonly kind: "minted";
      readonly token: SecretValue;
      readonly id: string;
      readonly expiresAtMs: number;
    }
  | {
      readonly kind: "refused";
      readonly why: "actor" | "audience" | "expired" | "claims";
      readonly message: string;
    };
