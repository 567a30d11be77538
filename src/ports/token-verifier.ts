import type { Principal } from "../model/index.ts";

/** Says whom a bearer token stands for. Whoever has a token may use it until it expires. */
export interface TokenVerifier {
  verify(token: string): Promise<TokenVerdict>;
  /**
   * What `verify` proved of this very text, while that still holds: the token has not expired and the
   * key that signed it is still its issuer's. Null says nothing but that `verify` has to be asked.
   */
  recall(token: string): ProvenToken | null;
}

export type TokenVerdict = ProvenToken | RefusedToken;

export interface ProvenToken {
  readonly kind: "proven";
  /** Exactly as the token names it. */
  readonly issuer: string;
  readonly principal: Principal;
  readonly scopes: readonly string[];
  readonly roles: readonly string[];
  /** Those of our resource identifiers that it was issued for: it is good at no other. */
  readonly audiences: readonly string[];
  readonly expiresAtMs: number;
  /** The issuer's own name of the token (`jti`), where it gave one. */
  readonly id: string | null;
}

export interface RefusedToken {
  readonly kind: "refused";
  readonly why: TokenRefusal;
  /** For people. Repeats neither the token nor what stands in it. */
  readonly message: string;
}

export type TokenRefusal =
  /** Not a token that can be read one way only. */
  | "malformed"
  /** Nobody who is trusted here issued it. */
  | "issuer"
  | "algorithm"
  /** Not signed by a key of its issuer. */
  | "signature"
  | "expired"
  | "early"
  | "audience"
  /** Proven, and a claim is missing or says something that is not accepted here. */
  | "claims"
  /** Proven, and without a scope that is needed: another token of the same subject may have it. */
  | "scope"
  /** Its issuer's keys cannot be read, so nothing can be proven. Trying later may help. */
  | "unavailable";
