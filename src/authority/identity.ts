import type { ProtectedResource } from "../mcp/protected-resource.ts";
import type { TokenExchange } from "../ports/token-exchange.ts";
import type { ProvenToken, RefusedToken, TokenVerifier } from "../ports/token-verifier.ts";
import type { KeyHolder, Keyring } from "./keyring.ts";

/** Who may come in, by a key or a token: all that the door asks. */
export interface Identity {
  /** Whose bearer it is. A promise only where it was not proven before. */
  identify(bearer: string): Identified | Promise<Identified>;
  /** Whose client certificate it is, by the names that it proves. */
  identifyByNames(names: readonly string[]): KeyHolder | null;
  /** Null where no issuer's tokens are accepted. */
  readonly resources: Resources | null;
  /** Null where no URL is known under which a token could name this server. */
  readonly agents: Agents | null;
}

export type Identified = KeyHolder | RefusedToken;

/** Our resources, as clients look for them (RFC 9728). */
export interface Resources {
  /** With a place after it, the identifier of a resource. */
  readonly publicUrl: string;
  /** Null where there is none, or nobody's tokens open it. */
  describe(place: string): ProtectedResource | null;
  /** What a token for any of them needs. */
  readonly scopes: readonly string[];
}

export interface Agents {
  readonly publicUrl: string;
  readonly tokens: TokenExchange;
}

export interface IdentityOptions extends Pick<Identity, "resources" | "agents"> {
  readonly keyring: Keyring;
  readonly tokens: Tokens | null;
}

export interface Tokens {
  readonly verifier: TokenVerifier;
  readonly toHolder: (proven: ProvenToken) => KeyHolder;
}

/** As much as a configured key may have. */
const maxKeyLength = 512;

export function createIdentity({ keyring, tokens, resources, agents }: IdentityOptions): Identity {
  async function verify(bearer: string, { verifier, toHolder }: Tokens): Promise<Identified> {
    const verdict = await verifier.verify(bearer);
    return verdict.kind === "proven" ? toHolder(verdict) : verdict;
  }

  return {
    identify(bearer) {
      const byKey = bearer.length <= maxKeyLength ? keyring.identify(bearer) : null;
      if (byKey !== null) return byKey;
      if (tokens === null || !looksLikeToken(bearer)) return unknownKey;
      const recalled = tokens.verifier.recall(bearer);
      return recalled === null ? verify(bearer, tokens) : tokens.toHolder(recalled);
    },
    identifyByNames: (names) => keyring.identifyByNames(names),
    resources,
    agents,
  };
}

/** Where no tokens are accepted. */
export function createKeyIdentity(keyring: Keyring): Identity {
  return createIdentity({ keyring, tokens: null, resources: null, agents: null });
}

export function isRefused(identified: Identified): identified is RefusedToken {
  return "why" in identified;
}

/** `ey`: the first letters of an object of JSON in base64url. The rest is the verifier's to read. */
function looksLikeToken(bearer: string): boolean {
  return bearer.startsWith("ey") && bearer.includes(".");
}

const unknownKey: RefusedToken = Object.freeze({
  kind: "refused",
  why: "malformed",
  message: "The API key is not known here.",
});
