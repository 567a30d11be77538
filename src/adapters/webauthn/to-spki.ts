import { createPublicKey, type JsonWebKey, type KeyObject } from "node:crypto";
import { decodeCredentialPublicKey } from "@simplewebauthn/server/helpers";
import type { PasskeyProof } from "../../model/index.ts";

export interface SpkiKey {
  /** In DER, as whoever checks a receipt reads it. */
  readonly spki: Uint8Array;
  readonly algorithm: PasskeyProof["algorithm"];
}

/** Labels of a COSE key (RFC 9053): -1 and -2 mean something else for RSA. */
const labels = { type: 1, algorithm: 3, curve: -1, x: -2, y: -3, modulus: -1, exponent: -2 };
const keyTypes = { okp: 1, ec2: 2, rsa: 3 };
const curves = { p256: 1, ed25519: 6 };

const fewestBits = 2_048;
const mostBits = 4_096;
const usualExponent = 65_537n;

/** From an authenticator's COSE key. Null for a key that nobody here takes, weak ones included. */
export function toSpki(coseKey: Uint8Array): SpkiKey | null {
  try {
    const jwk = toJwk(decodeCredentialPublicKey(Uint8Array.from(coseKey)) as unknown as CoseKey);
    if (jwk === null) return null;
    const key = createPublicKey({ key: jwk.key, format: "jwk" });
    if (!isStrong(key)) return null;
    return { spki: key.export({ format: "der", type: "spki" }), algorithm: jwk.algorithm };
  } catch {
    // No CBOR, a point that is not on its curve: no key.
    return null;
  }
}

type CoseKey = ReadonlyMap<unknown, unknown>;

function toJwk(
  cose: CoseKey,
): { readonly key: JsonWebKey; readonly algorithm: PasskeyProof["algorithm"] } | null {
  const [type, algorithm] = [cose.get(labels.type), cose.get(labels.algorithm)];
  const curve = cose.get(labels.curve);
  const text = (label: number) => toText(cose.get(label));
  if (type === keyTypes.ec2 && algorithm === -7 && curve === curves.p256) {
    return { key: { kty: "EC", crv: "P-256", x: text(labels.x), y: text(labels.y) }, algorithm };
  }
  if (type === keyTypes.okp && algorithm === -8 && curve === curves.ed25519) {
    return { key: { kty: "OKP", crv: "Ed25519", x: text(labels.x) }, algorithm };
  }
  if (type === keyTypes.rsa && algorithm === -257) {
    return { key: { kty: "RSA", n: text(labels.modulus), e: text(labels.exponent) }, algorithm };
  }
  return null;
}

function toText(bytes: unknown): string {
  if (!(bytes instanceof Uint8Array)) throw new Error("no bytes");
  return Buffer.from(bytes).toString("base64url");
}

function isStrong({ asymmetricKeyType, asymmetricKeyDetails = {} }: KeyObject): boolean {
  if (asymmetricKeyType !== "rsa") return true;
  const { modulusLength = 0, publicExponent } = asymmetricKeyDetails;
  const isSized = modulusLength >= fewestBits && modulusLength <= mostBits;
  return isSized && publicExponent === usualExponent;
}
