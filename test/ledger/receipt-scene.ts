import { createHash, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import {
  createNoteSigner,
  signNote,
  toCheckpointBody,
  toVerifierKey,
} from "../../src/ledger/checkpoint.ts";
import { toLeaf } from "../../src/ledger/tree.ts";
import {
  entrySchema,
  receiptSchema,
  toCanonicalText,
  toCommitment,
  toDigest,
  toEntryBytes,
  toUuidV7,
  type PasskeyProof,
} from "../../src/model/index.ts";
import type { Json } from "../../src/lib/strict-json.ts";
import { madeUpLeaves, naivePath, naiveRoot } from "./naive-tree.ts";

/** A call with all that belongs to it, in a ledger of its own, and the receipt of it. */
export interface Scene {
  /** As the file holds it; tests bend copies of it. */
  readonly receipt: MutableReceipt;
  readonly verifierKey: string;
  readonly passkey: { readonly fingerprint: string; readonly key: KeyObject };
  /** Puts other entries, or texts, into the ledger and signs it, as somebody with the key could. */
  readonly record: (entries: readonly (object | string)[], tenant?: string) => MutableReceipt;
  readonly entries: Readonly<Record<"verdict" | "intent" | "outcome" | "resolution", MutableEntry>>;
  readonly openings: readonly MutableOpening[];
}

type MutableEntry = Record<string, Json>;
type MutableOpening = { of: string; commitment: string; salt?: string; value: Json };
export interface MutableReceipt {
  v: number;
  entries: { bytes: string; index: number; path: string[] }[];
  checkpoint: string;
  openings: MutableOpening[];
}

const atMs = 1_700_000_000_000;
const toId = (n: number): string => toUuidV7(atMs + n, new Uint8Array(10).fill(n));
const saltOf = (n: number): Buffer => Buffer.alloc(32, n);
const result = '{"content":[{"type":"text","text":"gebucht ✈"}]}';
const args = { flight: "BA 112", seats: 2, "9": "nine", "10": "ten" };
const approver = { approver: "ada", credential: "key-1", reason: null };
const fillers = 40;

export interface PasskeyOptions {
  readonly algorithm?: -7 | -8 | -257;
  readonly challenge?: Uint8Array;
  readonly flags?: number;
  readonly client?: Readonly<Record<string, Json>>;
}

/** What an authenticator makes of an intent's digest, by a key of the test's own. */
export function signWithPasskey(
  digest: string,
  options: PasskeyOptions = {},
): { readonly signature: PasskeyProof; readonly fingerprint: string; readonly key: KeyObject } {
  const { algorithm = -7, flags = 0x05 } = options;
  const { publicKey, privateKey } = createPair(algorithm);
  const spki = publicKey.export({ format: "der", type: "spki" });
  const challenge = options.challenge ?? Buffer.from(digest.slice("sha256:".length), "hex");
  const client = Buffer.from(
    JSON.stringify({
      type: "webauthn.get",
      challenge: Buffer.from(challenge).toString("base64url"),
      origin: "https://gate.example",
      crossOrigin: false,
      ...options.client,
    }),
  );
  const site = createHash("sha256").update("gate.example").digest();
  const authenticator = Buffer.concat([site, Buffer.of(flags, 0, 0, 0, 7)]);
  const signed = Buffer.concat([authenticator, createHash("sha256").update(client).digest()]);
  const signature = sign(algorithm === -8 ? null : "sha256", signed, privateKey);
  return {
    signature: {
      key: spki.toString("base64url"),
      algorithm,
      authenticator: authenticator.toString("base64url"),
      client: client.toString("base64url"),
      signature: signature.toString("base64url"),
    },
    fingerprint: `sha256:${createHash("sha256").update(spki).digest("hex")}`,
    key: privateKey,
  };
}

function createPair(algorithm: -7 | -8 | -257) {
  if (algorithm === -7) return generateKeyPairSync("ec", { namedCurve: "P-256" });
  if (algorithm === -8) return generateKeyPairSync("ed25519");
  return generateKeyPairSync("rsa", { modulusLength: 2_048 });
}

export function createScene(options: PasskeyOptions = {}): Scene {
  const intent = {
    v: 1,
    tenant: "acme",
    agent: null,
    bundle: null,
    run: null,
    step: null,
    task: null,
    principal: { tenant: "acme", kind: "user", subject: "bob", actor: null },
    server: "flights",
    method: "tools/call",
    target: "book",
    forwarded: {},
    definition: toDigest("definition"),
    args: toCommitment(saltOf(1), args),
    policy: toDigest("policy"),
    notAfterMs: atMs + 60_000,
  };
  const digest = toDigest(toCanonicalText(intent));
  const passkey = signWithPasskey(digest, options);
  const salt = saltOf(2).toString("hex");
  const commitment = toDigest(`${salt}\n${result}`);
  const leaf = (n: number) => ({ v: 1, id: toId(n), tenant: "acme", atMs: atMs + n });
  const ofRun = { run: null, previous: null };
  const ofTarget = { server: "flights", tool: "book" };
  const by = toCommitment(saltOf(3), approver);
  const entries = {
    verdict: {
      kind: "verdict",
      ...leaf(1),
      on: "approval",
      approval: toId(9),
      intent: digest,
      by,
      word: "approved",
      passkey: passkey.signature,
    },
    intent: {
      kind: "intent",
      ...leaf(2),
      ...ofRun,
      ...ofTarget,
      intent: digest,
      decision: { kind: "ask", policy: toDigest("policy"), rules: ["book-asks"] },
      approval: toId(9),
      credential: null,
    },
    outcome: {
      kind: "outcome",
      ...leaf(3),
      ...ofRun,
      ...ofTarget,
      of: toId(2),
      intent: digest,
      outcome: "answered",
      reason: null,
      endpoint: "flights-1",
      credential: "flights-key",
      result: { commitment, bytes: Buffer.byteLength(result) },
      timings: { queuedUs: 40, upstreamUs: 9_000 },
      sandbox: null,
      cost: null,
      declaredCost: null,
      trace: null,
    },
    resolution: {
      kind: "resolution",
      ...leaf(4),
      ...ofRun,
      of: toId(2),
      outcome: "done",
      by: "ada",
      evidence: "the airline shows the booking",
    },
  };
  const openings: MutableOpening[] = [
    { of: "intent", commitment: digest, value: intent },
    { of: "args", commitment: intent.args, salt: saltOf(1).toString("hex"), value: args },
    { of: "result", commitment, salt, value: result },
    { of: "verdict", commitment: by, salt: saltOf(3).toString("hex"), value: approver },
  ];
  const signer = createNoteSigner({ name: "gate.example", seed: new Uint8Array(32).fill(7) });
  const record: Scene["record"] = (given, tenant = "acme") => {
    const bytes = given.map((entry) =>
      Buffer.from(typeof entry === "string" ? entry : toCanonicalText(entry)),
    );
    const leaves = madeUpLeaves(fillers);
    // Not side by side: other calls' entries stand between those of this one.
    const places = bytes.map((_, at) => 11 + 5 * at);
    for (const [at, place] of places.entries()) leaves[place] = toLeaf(bytes[at]!);
    const origin = `gate.example/${tenant}/1`;
    const body = toCheckpointBody({ origin, size: leaves.length, root: naiveRoot(leaves) });
    return {
      v: 1,
      entries: places.map((index, at) => ({
        bytes: bytes[at]!.toString("base64"),
        index,
        path: naivePath(index, leaves).map((hash) => Buffer.from(hash).toString("hex")),
      })),
      checkpoint: signNote(body, [signer]),
      openings: structuredClone(openings),
    };
  };
  // The model's own reading of them: a scene that the gate could not have written proves nothing.
  for (const entry of Object.values(entries)) toEntryBytes(entrySchema.parse(entry));
  const receipt = record(Object.values(entries));
  receiptSchema.parse(receipt);
  const { fingerprint, key } = passkey;
  const verifierKey = toVerifierKey(signer);
  return { receipt, verifierKey, passkey: { fingerprint, key }, record, entries, openings };
}
