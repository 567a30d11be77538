import { createPublicKey, hash, type KeyObject } from "node:crypto";
import { Fault } from "../../model/index.ts";

/** A public key as others get it (RFC 8037). */
export interface PublicJwk {
  readonly kty: "OKP";
  readonly crv: "Ed25519";
  readonly x: string;
  readonly kid: string;
  readonly alg: "EdDSA";
  readonly use: "sig";
}

export interface KeyRing {
  readonly signing: { readonly id: string; readonly key: KeyObject };
  /** Public keys by their id. */
  readonly verifying: ReadonlyMap<string, KeyObject>;
  readonly jwks: { readonly keys: readonly PublicJwk[] };
}

/** Enough for a rotation that overlaps on many replicas; each key is one more that can leak. */
const maxKeys = 8;

/** Ed25519 keys: the first one is private and signs; tokens of all of them are accepted. */
export function toKeyRing(keys: readonly KeyObject[]): KeyRing {
  const [first] = keys;
  if (first === undefined || first.type !== "private" || keys.length > maxKeys) {
    throw new Fault(
      "keys_unusable",
      `Agents' tokens need 1 to ${maxKeys} keys, the first private.`,
    );
  }
  if (keys.some((key) => key.asymmetricKeyType !== "ed25519")) {
    throw new Fault("keys_unusable", "Agents' tokens are signed with Ed25519 keys only.");
  }
  const publics = keys.map((key) => (key.type === "private" ? createPublicKey(key) : key));
  const jwks = publics.map(toPublicJwk);
  return {
    signing: { id: jwks[0]!.kid, key: first },
    verifying: new Map(publics.map((key, index) => [jwks[index]!.kid, key])),
    jwks: Object.freeze({ keys: Object.freeze(jwks) }),
  };
}

function toPublicJwk(key: KeyObject): PublicJwk {
  const { x = "" } = key.export({ format: "jwk" });
  // RFC 7638: the same key has the same id wherever it is counted.
  const kid = hash("sha256", JSON.stringify({ crv: "Ed25519", kty: "OKP", x }), "base64url");
  return Object.freeze({ kty: "OKP", crv: "Ed25519", x, kid, alg: "EdDSA", use: "sig" });
}
