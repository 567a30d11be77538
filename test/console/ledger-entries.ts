import { createHash, createPrivateKey, createPublicKey, sign } from "node:crypto";
import type { Json } from "../../src/lib/strict-json.ts";
import {
  entrySchema,
  toCanonicalText,
  toCommitment,
  toDigest,
  toUuidV7,
  type Entry,
} from "../../src/model/index.ts";

/** When the pages of the mock are opened to be looked at. */
export const openedMs = Date.parse("2026-03-02T10:00:00Z");
export const minute = 60_000;
export const name = "gate.example.com";
const run = "01900000-0000-7000-8000-000000000001";
const policy = toDigest("the rules of the mock");

const saltOf = (text: string): Buffer => createHash("sha256").update(text).digest();

/** Always the same for the same words. */
export const toId = (atMs: number, words: string): string =>
  toUuidV7(atMs, new Uint8Array(saltOf(words).subarray(0, 10)));

interface Opening {
  readonly of: string;
  readonly commitment: string;
  readonly salt?: string;
  readonly value: Json;
}

/** Entries of one call, oldest first, and what their digests stand for. */
export interface Told {
  readonly entries: readonly Entry[];
  readonly openings: readonly Opening[];
}

export interface Asked {
  /** Minutes before the pages are opened. */
  readonly ago: number;
  readonly server: string;
  readonly tool: string;
  readonly args: Json;
  readonly rules: readonly string[];
  readonly outcome: string;
  readonly reason?: string;
  readonly result?: string;
  readonly approver?: string;
  readonly sandbox?: Json;
  readonly resolution?: { readonly outcome: string; readonly evidence: string };
}

/** What belongs to a call, as the gate would have recorded it. */
export function toCall(asked: Asked): Told {
  const atMs = openedMs - asked.ago * minute;
  const intent = toIntent(asked, atMs);
  const digest = toDigest(toCanonicalText(intent));
  const words = `${asked.server} ${asked.tool} ${asked.ago}`;
  const salt = saltOf(words).toString("hex");
  const approval = asked.approver === undefined ? null : toId(atMs, `approval of ${words}`);
  const verdict = approval === null ? null : toVerdict(asked, { approval, digest, atMs });
  const text = asked.result ?? null;
  const commitment = toDigest(`${salt}\n${text}`);
  const result = text === null ? null : { commitment, bytes: Buffer.byteLength(text) };
  const begun = toBegun(asked, { approval, digest, atMs });
  const ended = toEnded(asked, { of: begun.id, digest, atMs, result });
  const found = toFound(asked, begun.id, atMs);
  return {
    entries: [verdict?.entry ?? null, begun, ended, found]
      .filter((entry) => entry !== null)
      .map((entry) => entrySchema.parse(entry)),
    openings: [
      { of: "intent", commitment: digest, value: intent },
      { of: "args", commitment: intent.args, salt, value: asked.args },
      ...(text === null ? [] : [{ of: "result", commitment, salt, value: text }]),
      ...(verdict === null ? [] : [verdict.opening]),
    ],
  };
}

function toIntent({ server, tool, args, ago }: Asked, atMs: number) {
  return {
    v: 1,
    tenant: "default",
    agent: "travel",
    bundle: toDigest("bundle"),
    run,
    step: null,
    principal: {
      tenant: "default",
      kind: "user",
      subject: "grace",
      actor: null,
    },
    server,
    method: "tools/call",
    target: tool,
    forwarded: {},
    task: null,
    definition: toDigest(`${server} ${tool}`),
    args: toCommitment(saltOf(`${server} ${tool} ${ago}`), args),
    policy,
    notAfterMs: atMs + minute,
  };
}

interface Begun {
  readonly approval: string | null;
  readonly digest: string;
  readonly atMs: number;
}

function toBegun({ server, tool, rules, ago }: Asked, { approval, digest, atMs }: Begun) {
  return {
    kind: "intent",
    v: 1,
    id: toId(atMs + 40_000, `intent of ${server} ${tool} ${ago}`),
    tenant: "default",
    atMs: atMs + 40_000,
    server,
    tool,
    run,
    previous: null,
    intent: digest,
    decision: { kind: approval === null ? "allow" : "ask", policy, rules },
    approval,
    credential: "bookings@3",
  };
}

interface Ended {
  readonly of: string;
  readonly digest: string;
  readonly atMs: number;
  readonly result: object | null;
}

function toEnded(asked: Asked, { of, digest, atMs, result }: Ended) {
  const { server, tool, ago, outcome, reason = null, sandbox = null } = asked;
  return {
    kind: "outcome",
    v: 1,
    id: toId(atMs + 40_900, `outcome of ${server} ${tool} ${ago}`),
    tenant: "default",
    atMs: atMs + 40_900,
    server,
    tool,
    run,
    previous: null,
    intent: digest,
    of,
    outcome,
    reason,
    result,
    endpoint: `${server}-1`,
    credential: "bookings@3",
    timings: { queuedUs: 180, upstreamUs: 412_000 },
    sandbox,
    cost: null,
    declaredCost: null,
    trace: null,
  };
}

function toFound({ resolution, server, tool }: Asked, of: string, atMs: number) {
  if (resolution === undefined) return null;
  return {
    kind: "resolution",
    v: 1,
    id: toId(atMs + 600_000, `resolution of ${server} ${tool}`),
    tenant: "default",
    atMs: atMs + 600_000,
    run,
    previous: null,
    of,
    by: "ada",
    ...resolution,
  };
}

function toVerdict(
  { approver = "" }: Asked,
  { approval, digest, atMs }: Begun & { readonly approval: string },
) {
  const value = { approver, credential: "passkey", reason: "The price is what was agreed." };
  const salt = saltOf(approval);
  const by = toCommitment(salt, value);
  const entry = {
    kind: "verdict",
    v: 1,
    id: toId(atMs + 30_000, `verdict on ${approval}`),
    tenant: "default",
    atMs: atMs + 30_000,
    on: "approval",
    approval,
    intent: digest,
    by,
    word: "approved",
    passkey: toPasskey(digest),
  };
  return { entry, opening: { of: "verdict", commitment: by, salt: salt.toString("hex"), value } };
}

/** Ed25519 signs the same bytes the same way each time. */
function toPasskey(digest: string) {
  const prefix = Buffer.from("302e020100300506032b657004220420", "hex");
  const der = Buffer.concat([prefix, Buffer.alloc(32, 9)]);
  const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  const challenge = Buffer.from(digest.slice("sha256:".length), "hex").toString("base64url");
  const told = { type: "webauthn.get", challenge, origin: `https://${name}`, crossOrigin: false };
  const client = Buffer.from(JSON.stringify(told));
  const site = createHash("sha256").update(name).digest();
  const authenticator = Buffer.concat([site, Buffer.of(0x05, 0, 0, 0, 7)]);
  const signed = Buffer.concat([authenticator, createHash("sha256").update(client).digest()]);
  return {
    key: createPublicKey(key).export({ format: "der", type: "spki" }).toString("base64url"),
    algorithm: -8,
    authenticator: authenticator.toString("base64url"),
    client: client.toString("base64url"),
    signature: sign(null, signed, key).toString("base64url"),
  };
}
