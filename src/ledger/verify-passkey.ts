import { parseJson, shape, textOf, toText, type Json, type Members } from "./receipt-json.ts";
import { check, concat, fromBase64Url, sha256, toHex } from "./signed-head.ts";

// What a passkey signed, read as WebAuthn has it: that a person was verified, and agreed to this intent.

export interface Passkey {
  readonly fingerprint: string;
  readonly trusted: boolean | null;
  readonly site: string;
}

/** Of the ledger. */
interface Verdict {
  readonly place: string;
  readonly members: Members;
}

const algorithms: ReadonlyMap<Json | undefined, { name: string; [key: string]: string }> = new Map([
  [-7, { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" }],
  [-8, { name: "Ed25519" }],
  [-257, { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }],
]);
const present = 0x01;
const verified = 0x04;

/** Null for a verdict without one. Trusted are fingerprints; null leaves open whose passkeys they are. */
export async function readPasskey(
  verdict: Verdict,
  trusted: readonly string[] | null,
): Promise<Passkey | null> {
  const word = textOf(verdict.members, "word", verdict.place);
  check(["approved", "denied"].includes(word), verdict.place, "its word is not known");
  if (verdict.members["passkey"] === null) return null;
  const place = `${verdict.place}, passkey`;
  // What is signed is the intent's digest alone: a denial would serve as an approval.
  check(word === "approved", place, "a passkey signs no denial");
  const keys = "algorithm authenticator client key signature";
  const passkey = shape(verdict.members["passkey"], keys, place);
  const part = (key: string) => fromBase64Url(textOf(passkey, key, place), `${place}, ${key}`);
  const [key, authenticator, client] = [part("key"), part("authenticator"), part("client")];
  const told = shape(parseJson(toText(client, place), place), "", place);
  check(told["type"] === "webauthn.get", place, "it was not made to sign");
  const challenge = toHex(fromBase64Url(textOf(told, "challenge", place), place));
  const isOwn = `sha256:${challenge}` === verdict.members["intent"];
  check(isOwn, place, "it signed another challenge than this intent");
  check(told["crossOrigin"] !== true, place, "it was made within a page of another site");
  const flags = authenticator.length < 37 ? 0 : authenticator[32]!;
  check((flags & present) !== 0, place, "nobody was present");
  check((flags & verified) !== 0, place, "the authenticator did not verify the person");
  const signed = concat([authenticator, await sha256(client)]);
  const holds = await verifySignature(
    { how: passkey["algorithm"], key, signed },
    part("signature"),
  );
  check(holds, place, "its signature does not hold");
  const fingerprint = `sha256:${toHex(await sha256(key))}`;
  const isTrusted = trusted === null ? null : trusted.includes(fingerprint);
  check(isTrusted !== false, place, `${fingerprint} is not among the trusted passkeys`);
  return { fingerprint, trusted: isTrusted, site: textOf(told, "origin", place) };
}

interface Signing {
  readonly how: Json | undefined;
  readonly key: Uint8Array<ArrayBuffer>;
  readonly signed: Uint8Array<ArrayBuffer>;
}

async function verifySignature(
  { how, key, signed }: Signing,
  given: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  const algorithm = algorithms.get(how);
  if (algorithm === undefined) return false;
  const signature = algorithm.name === "ECDSA" ? toRawSignature(given) : given;
  if (signature === null) return false;
  try {
    const imported = await crypto.subtle.importKey("spki", key, algorithm, false, ["verify"]);
    return await crypto.subtle.verify(algorithm, imported, signature, signed);
  } catch {
    // A key that cannot be read signs nothing.
    return false;
  }
}

/** From DER, in which authenticators give r and s, to 32 bytes each, as WebCrypto takes them. */
function toRawSignature(der: Uint8Array): Uint8Array<ArrayBuffer> | null {
  if (der[0] !== 0x30 || der[1] !== der.length - 2) return null;
  const raw = new Uint8Array(64);
  let at = 2;
  for (const end of [32, 64]) {
    const length = der[at + 1] ?? 0;
    const number = der.subarray(at + 2, at + 2 + length);
    if (der[at] !== 0x02 || length === 0 || number.length !== length) return null;
    const digits = number[0] === 0 ? number.subarray(1) : number;
    if (digits.length > 32) return null;
    raw.set(digits, end - digits.length);
    at += 2 + length;
  }
  return at === der.length ? raw : null;
}
