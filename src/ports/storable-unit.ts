import { Fault } from "../model/index.ts";
import type { CallDraft } from "./call-rows.ts";
import type { EntryRow } from "./entry-rows.ts";
import type { LetterToRun, RunAbout, RunBlob, RunDraft } from "./run-rows.ts";
import {
  requireBytes,
  requireCount,
  requireDigest,
  requireId,
  requireName,
  requireWhole,
} from "./storable.ts";
import type { Append, CommitUnit } from "./store.ts";
import { requireCosts, requireGist } from "./storable-cost.ts";
import { storeLimits } from "./store-limits.ts";

/**
 * What every store refuses before it writes, so that the twin and Postgres refuse alike and no
 * value can spoil a statement that it shares with others.
 */
export function requireStorableUnit(unit: CommitUnit): void {
  if (unit.append !== undefined) requireAppend(unit.append);
  requireCount("entries", unit.entries?.length ?? 0, storeLimits.entriesPerUnit);
  for (const entry of unit.entries ?? []) requireEntry(entry);
  requireDistinct(unit.entries ?? []);
  requireCount("letters", unit.letters?.length ?? 0, storeLimits.lettersPerUnit);
  for (const letter of unit.letters ?? []) requireStorableLetter(letter);
  requireCount("wakes", unit.wakes?.length ?? 0, storeLimits.wakesPerUnit);
  for (const wake of unit.wakes ?? []) requireId("wakes.run", wake.run);
  if (unit.consume !== undefined) {
    requireId("consume.approval", unit.consume.approval);
    requireDigest("consume.intent", unit.consume.intent);
    requireWhole("consume.nowMs", unit.consume.nowMs);
  }
}

export function requireStorableDraft(draft: RunDraft): void {
  requireId("run", draft.run);
  requireName("tenant", draft.tenant);
  requireCount("events", draft.events.length, storeLimits.eventsPerAppend);
  for (const event of draft.events) requireBytes("events", event);
  requireWakeAt(draft.wakeAtMs);
  requireBlobs("blobs", draft.blobs);
  if (draft.about !== undefined) requireAbout(draft.about);
  if (draft.key !== undefined) {
    requireDigest("key.hash", draft.key.hash);
    requireDigest("key.fingerprint", draft.key.fingerprint);
  }
  const priority = draft.priority ?? 0;
  if (!Number.isInteger(priority) || Math.abs(priority) > 0x7fff_ffff) {
    throw new Fault("payload_invalid", `priority must be a whole number of 32 bits: ${priority}`);
  }
}

function requireAppend(append: Append): void {
  requireId("append.run", append.run);
  requireWhole("append.epoch", append.epoch);
  requireWhole("append.head", append.head);
  if (append.events.length === 0) {
    throw new Fault("payload_invalid", "append.events is empty: an append holds at least one");
  }
  requireCount("append.events", append.events.length, storeLimits.eventsPerAppend);
  for (const event of append.events) requireBytes("append.events", event);
  requireWakeAt(append.wakeAtMs);
  requireBlobs("append.blobs", append.blobs);
  if (append.folded !== undefined) requireWhole("append.folded", append.folded);
  if (append.gist !== undefined) requireGist("append.gist", append.gist);
  if (append.costs !== undefined) requireCosts("append.costs", append.costs);
  if (append.endedAtMs === undefined) return;
  requireWhole("append.endedAtMs", append.endedAtMs);
  if (append.ended !== true) {
    throw new Fault("payload_invalid", "append.endedAtMs is of a run that does not end");
  }
}

function requireAbout({ agent, subject, parent, createdAtMs }: RunAbout): void {
  requireName("about.agent", agent);
  requireName("about.subject", subject);
  if (parent !== null) requireId("about.parent", parent);
  requireWhole("about.createdAtMs", createdAtMs);
}

export function requireStorableLetter(letter: LetterToRun): void {
  requireId("letter.run", letter.run);
  requireName("letter.tenant", letter.tenant);
  requireBytes("letter.payload", letter.payload);
  requireBlobs("letter.blobs", letter.blobs);
}

function requireBlobs(place: string, blobs: readonly RunBlob[] = []): void {
  requireCount(place, blobs.length, storeLimits.blobsPerUnit);
  for (const { id, bytes } of blobs) {
    requireDigest(place, id);
    requireBytes(place, bytes);
  }
  const total = blobs.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
  if (total > storeLimits.blobBytes) {
    throw new Fault("payload_too_large", `${place} holds ${total} bytes together`);
  }
}

function requireEntry(entry: EntryRow): void {
  requireId("entries.id", entry.id);
  requireName("entries.tenant", entry.tenant);
  requireBytes("entries.bytes", entry.bytes);
  const { opens, ends } = entry;
  if (opens !== undefined) requireCall(opens);
  if (ends === undefined) return;
  requireId("ends.call", ends.call);
  if (ends.result !== null) requireBytes("ends.result", ends.result);
  if (ends.notAfterMs !== undefined) requireWhole("ends.notAfterMs", ends.notAfterMs);
}

function requireCall(draft: CallDraft): void {
  requireName("opens.subject", draft.subject);
  requireName("opens.server", draft.server);
  if (draft.tool !== null) requireName("opens.tool", draft.tool);
  requireDigest("opens.intent", draft.intent);
  if (draft.approval !== null) requireId("opens.approval", draft.approval);
  requireWhole("opens.notAfterMs", draft.notAfterMs);
  requireWhole("opens.atMs", draft.atMs);
  if (draft.opening !== null) requireBytes("opens.opening", draft.opening);
  if (draft.key === null) return;
  requireDigest("opens.key.hash", draft.key.hash);
  requireDigest("opens.key.fingerprint", draft.key.fingerprint);
  requireWhole("opens.key.expiresAtMs", draft.key.expiresAtMs);
  if (draft.key.repeats !== undefined) requireId("opens.key.repeats", draft.key.repeats);
}

function requireDistinct(entries: readonly EntryRow[]): void {
  if (entries.length < 2) return;
  const ids = new Set(entries.map((entry) => `${entry.tenant} ${entry.id}`));
  if (ids.size < entries.length) {
    throw new Fault("payload_invalid", "entries holds the same id twice");
  }
}

function requireWakeAt(wakeAtMs: number | null | undefined): void {
  if (wakeAtMs !== undefined && wakeAtMs !== null) requireWhole("wakeAtMs", wakeAtMs);
}
