import { createPrivateKey, createPublicKey, hash, sign } from "node:crypto";
import { parseCheckpoint } from "./signed-head.ts";

// Written once, where a reviewer reads it.
export { openNote, parseVerifierKey } from "./signed-head.ts";

/** Signs notes (https://c2sp.org/signed-note) with Ed25519, under a name. */
export interface NoteSigner {
  readonly name: string;
  readonly publicKey: Uint8Array;
  sign(bytes: Uint8Array): Uint8Array;
}

const seedLength = 32;
const ed25519 = 1;
/** RFC 8410: what stands before the seed of an Ed25519 key in PKCS #8. */
const pkcs8Prefix = Buffer.from("302e020100300506032b657004220420", "hex");

/** Of the checkpoints' origin, and of whoever signs: no spaces, no plus, no control characters. */
const nameShape = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}(?:\/[A-Za-z0-9][A-Za-z0-9._:-]{0,99}){0,9}$/;

/**
 * The key of a name comes from 32 secret bytes. A signer is named as the installation, whose ledgers
 * it signs all, or as one origin.
 */
export function createNoteSigner(options: {
  readonly name: string;
  readonly seed: Uint8Array;
}): NoteSigner {
  const { name, seed } = options;
  if (!nameShape.test(name)) throw new Error(`${JSON.stringify(name)} cannot name a signer`);
  if (seed.length !== seedLength) throw new Error(`a seed has ${seedLength} bytes`);
  const der = Buffer.concat([pkcs8Prefix, seed]);
  const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  der.fill(0);
  const spki = createPublicKey(key).export({ format: "der", type: "spki" });
  const publicKey = new Uint8Array(spki.subarray(-32));
  return Object.freeze({ name, publicKey, sign: (bytes: Uint8Array) => sign(null, bytes, key) });
}

/** What is given to whoever verifies: `name+id+base64`. */
export function toVerifierKey(signer: Pick<NoteSigner, "name" | "publicKey">): string {
  const key = toTypedKey(signer).toString("base64");
  return `${signer.name}+${toKeyId(signer).toString("hex")}+${key}`;
}

/** Several signers while keys are rotated: a verifier that knows one of them is content. */
export function signNote(body: string, signers: readonly NoteSigner[]): string {
  const ids = signers.map((signer) => `${signer.name} ${toKeyId(signer).toString("hex")}`);
  if (signers.length === 0 || new Set(ids).size !== ids.length) {
    throw new Error("a note is signed by at least one key, and by none of them twice");
  }
  if (!body.endsWith("\n") || !body.isWellFormed() || hasControl.test(body)) {
    throw new Error("the text of a note is lines of Unicode without control characters");
  }
  const bytes = Buffer.from(body);
  const lines = signers.map((signer) => {
    const signature = Buffer.concat([toKeyId(signer), signer.sign(bytes)]);
    return `\u2014 ${signer.name} ${signature.toString("base64")}\n`;
  });
  return `${body}\n${lines.join("")}`;
}

const hasControl = /(?!\n)\p{Cc}/u;

/** One log: a tenant's, of an installation, since the last time it was restored from a backup. */
export function toOrigin(parts: {
  readonly installation: string;
  readonly tenant: string;
  readonly epoch: number;
}): string {
  const { installation, tenant, epoch } = parts;
  const origin = `${installation}/${tenant}/${epoch}`;
  // The verifier's own reading of it: what it would refuse is never signed.
  const read = parseCheckpoint(`${origin}\n0\n${Buffer.alloc(32).toString("base64")}\n`);
  if (read.tenant !== tenant) throw new Error(`${JSON.stringify(tenant)} is not a tenant's name`);
  return origin;
}

/** The text of https://c2sp.org/tlog-checkpoint that is signed. */
export function toCheckpointBody(head: {
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
}): string {
  const body = `${head.origin}\n${head.size}\n${Buffer.from(head.root).toString("base64")}\n`;
  parseCheckpoint(body);
  return body;
}

function toTypedKey({ publicKey }: Pick<NoteSigner, "publicKey">): Buffer {
  return Buffer.concat([Uint8Array.of(ed25519), publicKey]);
}

function toKeyId(signer: Pick<NoteSigner, "name" | "publicKey">): Buffer {
  const named = Buffer.concat([Buffer.from(`${signer.name}\n`), toTypedKey(signer)]);
  return hash("sha256", named, "buffer").subarray(0, 4);
}
