// What a receipt rests on: hashes, signed notes and the tree below them. No import, no network, nothing
// but WebCrypto: with the files of `verify-receipt.ts` it is all that decides about a receipt, in Node and
// in a browser alike.

export interface Checkpoint {
  readonly origin: string;
  readonly tenant: string;
  readonly size: number;
  /** In hex. */
  readonly root: string;
}

export interface VerifierKey {
  readonly name: string;
  /** Eight hex digits. */
  readonly id: string;
  readonly publicKey: Uint8Array;
}

// --- Refusing, with the place -------------------------------------------------------------------

/** Thrown by all of this file for what cannot be accepted; anything else thrown is a bug. */
export class Refusal extends Error {
  readonly place: string;
  constructor(place: string, text: string) {
    super(text);
    this.place = place;
  }
}

export function refuse(place: string, text: string): never {
  throw new Refusal(place, text);
}

export function check(holds: boolean, place: string, text: string): asserts holds {
  if (!holds) refuse(place, text);
}

// --- Bytes and hashes ---------------------------------------------------------------------------

const encoder = new TextEncoder();
/** Texts stand for their UTF-8. */
type Part = Uint8Array | string;

export async function sha256(...parts: readonly Part[]): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", concat(parts)));
}

export function concat(given: readonly Part[]): Uint8Array<ArrayBuffer> {
  const parts = given.map((part) => (typeof part === "string" ? encoder.encode(part) : part));
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function fromHex(text: string, place: string): Uint8Array {
  check(/^[0-9a-f]{64}$/.test(text), place, "it is not 32 bytes in hex");
  return Uint8Array.from({ length: 32 }, (_, at) => parseInt(text.slice(at * 2, at * 2 + 2), 16));
}

/** Only the one spelling that encoding gives: no two texts for the same bytes. */
export function fromBase64(text: string, place: string): Uint8Array<ArrayBuffer> {
  try {
    const binary = atob(text);
    if (btoa(binary) === text) return Uint8Array.from(binary, (char) => char.charCodeAt(0));
  } catch {
    // Refused below, with the place.
  }
  return refuse(place, "it is not base64");
}

export function fromBase64Url(text: string, place: string): Uint8Array<ArrayBuffer> {
  check(/^[A-Za-z0-9_-]*$/.test(text), place, "it is not base64url");
  const plain = text.replaceAll("-", "+").replaceAll("_", "/");
  return fromBase64(plain.padEnd(Math.ceil(plain.length / 4) * 4, "="), place);
}

// --- The Merkle tree, RFC 9162 ------------------------------------------------------------------

export interface InclusionClaim {
  readonly leaf: Uint8Array;
  readonly index: number;
  readonly size: number;
  readonly path: readonly Uint8Array[];
  readonly root: Uint8Array;
}

/** RFC 9162, 2.1.3.2. The size says how the path turns: it is to be trusted as the root is. */
export async function verifyInclusion(claim: InclusionClaim): Promise<boolean> {
  const { leaf, index, size, path, root } = claim;
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size)) return false;
  if (index < 0 || index >= size || ![leaf, root, ...path].every(({ length }) => length === 32))
    return false;
  let [node, last, hash] = [index, size - 1, leaf];
  for (const sibling of path) {
    if (last === 0) return false;
    const isRight = node % 2 === 1;
    hash = await (isRight || node === last ? toInner(sibling, hash) : toInner(hash, sibling));
    // At the right edge, levels on which this node has no sibling are passed over.
    if (!isRight && node === last)
      while (node % 2 === 0 && node !== 0) [node, last] = up(node, last);
    [node, last] = up(node, last);
  }
  return last === 0 && toHex(hash) === toHex(root);
}

/** An inner node of the tree: hashed behind a one, so that it is never taken for a leaf. */
export const toInner = (left: Uint8Array, right: Uint8Array) =>
  sha256(Uint8Array.of(1), left, right);
const up = (node: number, last: number): [number, number] => [
  Math.floor(node / 2),
  Math.floor(last / 2),
];

// --- Signed notes and checkpoints, c2sp.org/signed-note and c2sp.org/tlog-checkpoint ----------------

const maxNote = 16_384;
const maxSignatures = 16;
/** The second byte of a key and the signature it makes: Ed25519. */
const ed25519 = 1;

export async function parseVerifierKey(text: string): Promise<VerifierKey> {
  const place = "the verifier key";
  const match = /^([^\s\u0085+]{1,256})\+([0-9a-f]{8})\+([A-Za-z0-9+/=]{1,256})$/u.exec(text);
  check(match !== null, place, "it is not a name, an id and a key, joined by +");
  const [, name = "", id = "", base64 = ""] = match;
  const bytes = fromBase64(base64, place);
  check(bytes.length === 33 && bytes[0] === ed25519, place, "it is not an Ed25519 key");
  const expected = toHex(await sha256(`${name}\n`, bytes)).slice(0, 8);
  check(id === expected, place, `its id is not that of its name and key, ${expected}`);
  return { name, id, publicKey: bytes.subarray(1) };
}

/** The text that trusted keys signed, and which. Signatures of unknown keys count for nothing. */
export async function openNote(
  text: string,
  keys: readonly VerifierKey[],
): Promise<{ readonly body: string; readonly signedBy: readonly VerifierKey[] }> {
  check(text.length <= maxNote, "the note", `it is longer than ${maxNote} characters`);
  const isText = text.isWellFormed() && !/(?!\n)\p{Cc}/u.test(text);
  check(isText, "the note", "it holds control characters, or is not Unicode");
  const end = text.lastIndexOf("\n\n");
  check(end > 0 && text.endsWith("\n"), "the note", "it has no signatures after an empty line");
  const body = text.slice(0, end + 1);
  const lines = text.slice(end + 2, -1).split("\n");
  check(lines.length <= maxSignatures, "the note", `it has over ${maxSignatures} signatures`);
  const seen = new Set<string>();
  const signedBy: VerifierKey[] = [];
  for (const [at, line] of lines.entries()) {
    const place = `signature ${at + 1} of the note`;
    const match = /^\u2014 ([^\s\u0085+]+) ([A-Za-z0-9+/=]+)$/u.exec(line);
    check(match !== null, place, "it is not a dash, a name and base64");
    const bytes = fromBase64(match[2]!, place);
    check(bytes.length > 4, place, "it is too short");
    const [name, id] = [match[1]!, toHex(bytes.subarray(0, 4))];
    check(!seen.has(`${name}+${id}`), place, "this key signed twice");
    seen.add(`${name}+${id}`);
    const known = keys.filter((key) => key.name === name && key.id === id);
    check(known.length <= 1, place, "two trusted keys have this name and id");
    for (const key of known) {
      const holds = await verifyEd25519(key, bytes.subarray(4), concat([body]));
      check(holds, place, `it is not a signature by ${name}+${id}`);
      signedBy.push(key);
    }
  }
  check(signedBy.length > 0, "the note", "no trusted key signed it");
  return { body, signedBy };
}

async function verifyEd25519(
  key: VerifierKey,
  signature: Uint8Array<ArrayBuffer>,
  signed: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  if (signature.length !== 64) return false;
  const raw = concat([key.publicKey]);
  try {
    const imported = await crypto.subtle.importKey("raw", raw, "Ed25519", false, ["verify"]);
    return await crypto.subtle.verify("Ed25519", imported, signature, signed);
  } catch (error) {
    return refuse("the trusted keys", `Ed25519 cannot be used here: ${String(error)}`);
  }
}

const originShape =
  /^(?:[A-Za-z0-9][A-Za-z0-9._:-]{0,99}\/){1,8}([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)\/(?:0|[1-9]\d{0,14})$/;

/** `<installation>/<tenant>/<epoch>`, the size, the root: three lines, and nothing after them. */
export function parseCheckpoint(body: string): Checkpoint {
  const match = /^([^\n]{1,1024})\n(0|[1-9]\d{0,15})\n([A-Za-z0-9+/=]{44})\n$/.exec(body);
  check(match !== null, "the checkpoint", "it is not an origin, a size and a root");
  const [, origin = "", size = "", root = ""] = match;
  const tenant = originShape.exec(origin)?.[1];
  check(tenant !== undefined, "the checkpoint's origin", "it is not installation/tenant/epoch");
  check(Number.isSafeInteger(Number(size)), "the checkpoint's size", "it is too large");
  const bytes = fromBase64(root, "the checkpoint's root");
  check(bytes.length === 32, "the checkpoint's root", "it is not a SHA-256 hash");
  return { origin, tenant, size: Number(size), root: toHex(bytes) };
}

/** A tree head that a trusted key signed, for an origin that this key speaks for. */
export async function openCheckpoint(
  text: string,
  trusted: readonly string[],
): Promise<SignedHead> {
  check(trusted.length > 0, "the trusted keys", "none was given");
  const keys = await Promise.all([...new Set(trusted)].map(parseVerifierKey));
  const { body, signedBy } = await openNote(text, keys);
  const checkpoint = parseCheckpoint(body);
  for (const { name } of signedBy) {
    const isOwn = checkpoint.origin === name || checkpoint.origin.startsWith(`${name}/`);
    check(isOwn, "the checkpoint", `the key of ${name} does not speak for this origin`);
  }
  return { checkpoint, keys: signedBy.map(({ name, id }) => `${name}+${id}`) };
}

export interface SignedHead {
  readonly checkpoint: Checkpoint;
  readonly keys: readonly string[];
}
