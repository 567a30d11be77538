import {
  countOf,
  listOf,
  parseJson,
  reveal,
  shape,
  textOf,
  toText,
  write,
  type Json,
  type Members,
} from "./receipt-json.ts";
import { listProven, listUnproven, summarize } from "./receipt-words.ts";
import {
  check,
  fromBase64,
  fromHex,
  openCheckpoint,
  Refusal,
  sha256,
  toHex,
  verifyInclusion,
  type Checkpoint,
  type SignedHead,
} from "./signed-head.ts";
import { readPasskey, type Passkey } from "./verify-passkey.ts";

// The offline verifier. With the four files above, which import nothing else, it is all that decides
// about a receipt: the same in Node and in a browser, without a server, a network or a package.

export interface Trust {
  /** Verifier keys: `name+id+base64`. */
  readonly keys: readonly string[];
  /** Fingerprints of passkeys, `sha256:` and 64 hex digits; null leaves open whose they are. */
  readonly passkeys: readonly string[] | null;
}

/** A receipt that has problems proves nothing: all the rest is empty then. */
export interface ReceiptReport {
  readonly verified: boolean;
  readonly problems: readonly { readonly place: string; readonly text: string }[];
  readonly checkpoint: Checkpoint | null;
  /** The trusted keys that signed the checkpoint: name and id. */
  readonly keys: readonly string[];
  readonly passkeys: readonly { readonly fingerprint: string; readonly trusted: boolean | null }[];
  /** Each in words. What is hidden in a text of others is made visible, here and below. */
  readonly entries: readonly string[];
  /** Values that digests of the entries stand for, as JSON. */
  readonly opened: readonly { readonly of: string; readonly text: string }[];
  readonly proves: readonly string[];
  readonly doesNotProve: readonly string[];
}

export async function verifyReceipt(text: string, trust: Trust): Promise<ReceiptReport> {
  const problems: { place: string; text: string }[] = [];
  /** What fails is named, and the rest is looked at all the same. */
  async function attempt<Value>(read: () => Promise<Value> | Value): Promise<Value | null> {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      problems.push({ place: error.place, text: error.message });
      return null;
    }
  }
  const file = await attempt(() => readFile(text));
  if (file === null) return { ...nothing, problems };
  const signed = await attempt(() => openCheckpoint(file.checkpoint, trust.keys));
  const entries: (Entry | null)[] = [];
  for (const [at, leaf] of file.entries.entries())
    entries.push(await attempt(() => readEntry(leaf, `entry ${at + 1}`, signed)));
  const readable = entries.filter((entry) => entry !== null);
  const call = readable.length < entries.length ? null : await attempt(() => toCall(readable));
  if (call === null || signed === null) return { ...nothing, problems };
  const passkeys: Passkey[] = [];
  for (const verdict of call.verdicts) {
    const passkey = await attempt(() => readPasskey(verdict, trust.passkeys));
    if (passkey !== null) passkeys.push(passkey);
  }
  const opened = await attempt(() => openAll(file.openings, call));
  if (problems.length > 0 || opened === null) return { ...nothing, problems };
  const report = await attempt((): ReceiptReport => ({
    verified: true,
    problems,
    ...signed,
    passkeys: passkeys.map(({ fingerprint, trusted }) => ({ fingerprint, trusted })),
    entries: readable.map(summarize),
    opened: opened.map(({ of, value }) => ({ of, text: reveal(write(value)) })),
    proves: listProven({ ...signed, call, passkeys, opened }),
    doesNotProve: listUnproven({ call, passkeys, opened }),
  }));
  return report ?? { ...nothing, problems };
}

const nothing: ReceiptReport = {
  verified: false,
  problems: [],
  checkpoint: null,
  keys: [],
  passkeys: [],
  entries: [],
  opened: [],
  proves: [],
  doesNotProve: [],
};

// --- What the file holds ------------------------------------------------------------------------

interface Leaf {
  readonly bytes: string;
  readonly index: number;
  readonly path: readonly string[];
}

interface Opening {
  readonly of: string;
  readonly commitment: string;
  readonly salt: string;
  readonly value: Json;
}

function readFile(text: string) {
  const place = "the receipt";
  const file = shape(parseJson(text, place), "checkpoint entries openings v", place);
  check(file["v"] === 1, "the receipt, v", "this version is not known");
  const entries = listOf(file, "entries", place).map((value, at): Leaf => {
    const where = `entry ${at + 1}`;
    const leaf = shape(value, "bytes index path", where);
    const path = listOf(leaf, "path", where).map((hash) => {
      check(typeof hash === "string", `${where}, path`, "it is not made of texts");
      return hash;
    });
    return { bytes: textOf(leaf, "bytes", where), index: countOf(leaf, "index", where), path };
  });
  check(entries.length > 0, "the receipt, entries", "there are none");
  const openings = listOf(file, "openings", place).map((value, at): Opening => {
    const where = `opening ${at + 1}`;
    const of = textOf(shape(value, "", where), "of", where);
    const keys = of === "intent" ? "commitment of value" : "commitment of salt value";
    const opening = shape(value, keys, where);
    const salt = of === "intent" ? "" : textOf(opening, "salt", where);
    return { of, salt, commitment: textOf(opening, "commitment", where), value: opening["value"]! };
  });
  return { entries, openings, checkpoint: textOf(file, "checkpoint", place) };
}

interface Entry {
  readonly place: string;
  readonly index: number;
  readonly kind: string;
  readonly id: string;
  readonly members: Members;
}

/** Its bytes are the canonical ones of what it says, and they are in the signed tree. */
async function readEntry(leaf: Leaf, place: string, signed: SignedHead | null): Promise<Entry> {
  const bytes = fromBase64(leaf.bytes, place);
  const text = toText(bytes, place);
  const members = shape(parseJson(text, place), "", place);
  check(write(members) === text, place, "its bytes are not canonical JSON");
  check(members["v"] === 1, place, "this version is not known");
  check(countOf(members, "atMs", place) <= 8.64e15, place, "its time is not one");
  const { index } = leaf;
  const of = { kind: textOf(members, "kind", place), id: textOf(members, "id", place) };
  if (signed !== null) {
    const { tenant, size, root } = signed.checkpoint;
    const isOwn = textOf(members, "tenant", place) === tenant;
    check(isOwn, place, "it is of another tenant than the checkpoint");
    const path = leaf.path.map((sibling) => fromHex(sibling, `${place}, path`));
    const hash = await sha256(Uint8Array.of(0), bytes);
    const claim = { leaf: hash, index, size, path, root: fromHex(root, "the checkpoint's root") };
    check(await verifyInclusion(claim), place, "it is not in the tree of the checkpoint");
  }
  return { place, index, members, ...of };
}

// --- Entries of one call ------------------------------------------------------------------------

interface Call {
  readonly verdicts: readonly Entry[];
  readonly intent: Entry | null;
  readonly outcome: Entry | null;
  readonly resolutions: readonly Entry[];
  /** The digest of what was to be done. */
  readonly digest: string;
}

const kinds = ["verdict", "intent", "outcome", "resolution"];

function toCall(entries: readonly Entry[]): Call {
  for (const [at, { place, kind, id, index }] of entries.entries()) {
    const before = entries.slice(0, at);
    check(kinds.includes(kind), place, "this kind of entry belongs to no call");
    const isLater = before.every((other) => kinds.indexOf(other.kind) <= kinds.indexOf(kind));
    check(isLater, place, `the order is ${kinds.join(", ")}`);
    const isNew = before.every((other) => other.id !== id && other.index !== index);
    check(isNew, place, "it is there twice");
  }
  const [verdicts, intents, outcomes, resolutions] = kinds.map((kind) =>
    entries.filter((entry) => entry.kind === kind),
  ) as [Entry[], Entry[], Entry[], Entry[]];
  const [intent = null] = intents;
  const [outcome = null] = outcomes;
  check(intents.length < 2 && outcomes.length < 2, "the entries", "they are of several calls");
  const about = intent ?? outcome;
  check(about !== null, "the entries", "neither the intent nor the outcome is there");
  const digest = textOf(about.members, "intent", about.place);
  check(digestShape.test(digest), about.place, "its intent is not a digest");
  const ofCall = { ...about.members, of: intent === null ? null : intent.id };
  const first = verdicts[0]?.members;
  const ofApproval = { intent: digest, approval: (intent?.members ?? first)?.["approval"] ?? null };
  for (const each of outcomes) agree(each, ofCall, ["of", "intent", "server", "tool", "run"]);
  for (const each of resolutions) agree(each, ofCall, ["of", "run"]);
  for (const each of verdicts) agree(each, { ...ofApproval, on: "approval" }, keysOfVerdict);
  check(intent !== null || resolutions.length === 0, "the entries", "the intent is not there");
  return { verdicts, intent, outcome, resolutions, digest };
}

const digestShape = /^sha256:[0-9a-f]{64}$/;
const keysOfVerdict = ["intent", "approval", "on"];

function agree(entry: Entry, call: Members, keys: readonly string[]): void {
  for (const key of keys) {
    const isSame = Object.hasOwn(entry.members, key) && entry.members[key] === call[key];
    check(isSame, `${entry.place}, ${key}`, "it is of another call than the other entries");
  }
}

// --- Openings: what digests stand for -------------------------------------------------------------

const digest = async (text: string) => `sha256:${toHex(await sha256(text))}`;

/** Each fits its digest, and its digest is one of this call. */
async function openAll(openings: readonly Opening[], call: Call): Promise<readonly Opening[]> {
  const seen = new Set<string>();
  const intents: Members[] = [];
  for (const [at, { of, value }] of openings.entries())
    if (of === "intent") intents.push(shape(value, "", `opening ${at + 1}`));
  for (const [at, opening] of openings.entries()) {
    const place = `opening ${at + 1}`;
    const { of, salt, value, commitment } = opening;
    check(!seen.has(`${of} ${commitment}`), place, "it is there twice");
    seen.add(`${of} ${commitment}`);
    check(of === "intent" || /^[0-9a-f]{64}$/.test(salt), place, "its salt is not 32 bytes in hex");
    check(commitment === (await commit(opening, place)), place, "it does not fit its commitment");
    const known = listCommitments(call, intents, of);
    check(known.includes(commitment), place, "its commitment is not one of this call");
    if (of === "intent") checkIntent(value as Members, call, place);
    if (of === "verdict") shape(value, "approver credential reason", place);
  }
  return openings;
}

/** A result is committed to as the text that was handed over, all else as canonical JSON. */
function commit({ of, salt, value }: Opening, place: string): Promise<string> {
  if (of === "intent") return digest(write(value));
  if (of !== "result") return digest(write({ args: value, salt }));
  check(typeof value === "string", place, "a result is shown as a text");
  return digest(`${salt}\n${value}`);
}

function listCommitments(call: Call, intents: readonly Members[], of: string): readonly unknown[] {
  if (of === "intent") return [call.digest];
  // The arguments are committed to in the intent, which has to be shown for them to be tied to it.
  if (of === "args") return intents.map((intent) => intent["args"]);
  if (of === "verdict") return call.verdicts.map(({ members }) => members["by"]);
  const result = call.outcome?.members["result"] ?? null;
  return of === "result" && result !== null ? [shape(result, "", "the outcome")["commitment"]] : [];
}

/** What the intent says and what the entries say of it is the same. */
function checkIntent(intent: Members, call: Call, place: string): void {
  const { members } = (call.intent ?? call.outcome)!;
  const { tool, decision } = members;
  const isSame =
    intent["tenant"] === members["tenant"] &&
    intent["server"] === members["server"] &&
    intent["run"] === members["run"] &&
    (tool === null || intent["target"] === tool) &&
    (decision === undefined || intent["policy"] === shape(decision, "", place)["policy"]);
  check(isSame, place, "the intent says otherwise than the entries");
}
