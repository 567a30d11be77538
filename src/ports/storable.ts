import { digestSchema, Fault, runIdSchema } from "../model/index.ts";
import { storeLimits } from "./store-limits.ts";
import type { ApprovalDraft } from "./approval-rows.ts";
import type { EntryRow } from "./entry-rows.ts";
import type { Append, CommitUnit, MemoryRow, PinRow, RunDraft, SecretRow } from "./store.ts";
import type { CallDraft } from "./call-rows.ts";
import type { SecretKey } from "./vault.ts";

/**
 * What every store refuses before it writes, so that the twin and Postgres refuse alike and no
 * value can spoil a statement that it shares with others.
 */
export function requireStorableUnit(unit: CommitUnit): void {
  if (unit.append !== undefined) requireAppend(unit.append);
  requireCount("entries", unit.entries?.length ?? 0, storeLimits.entriesPerUnit);
  for (const entry of unit.entries ?? []) requireEntry(entry);
  requireDistinct(unit.entries ?? []);
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

/** Run, entry and approval ids are all UUIDv7 in lower case. */
export function requireId(place: string, id: string): void {
  if (!runIdSchema.safeParse(id).success) {
    throw new Fault("payload_invalid", `${place} is not a UUIDv7: ${JSON.stringify(id)}`);
  }
}

export function requireDigest(place: string, digest: string): void {
  if (!digestSchema.safeParse(digest).success) {
    throw new Fault("payload_invalid", `${place} is not a digest: ${JSON.stringify(digest)}`);
  }
}

export function requireWhole(place: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new Fault("payload_invalid", `${place} must be a whole number from 0: ${value}`);
  }
}

/** A short text that is part of a key. */
export function requireName(place: string, name: string): void {
  requireText(place, name, storeLimits.nameBytes);
}

/** Postgres refuses NUL, and a lone surrogate would be stored as another character. */
export function requireText(place: string, text: string, limit: number): void {
  if (text.includes("\0") || !text.isWellFormed()) {
    throw new Fault("payload_invalid", `${place} holds a NUL or a lone surrogate`);
  }
  const length = Buffer.byteLength(text);
  if (length > limit) throw tooLarge(place, length, limit);
}

export function requireBytes(
  place: string,
  bytes: Uint8Array,
  limit: number = storeLimits.payloadBytes,
): void {
  if (bytes.byteLength > limit) throw tooLarge(place, bytes.byteLength, limit);
}

function requireCount(place: string, count: number, limit: number): void {
  if (count > limit) {
    throw new Fault("payload_too_large", `${place} holds ${count}, and may hold ${limit}`);
  }
}

function tooLarge(place: string, length: number, limit: number): Fault {
  return new Fault("payload_too_large", `${place} has ${length} bytes, and may have ${limit}`, {
    details: { place, length, limit },
  });
}

export function requireStorableApproval(row: ApprovalDraft): void {
  requireId("id", row.id);
  requireName("tenant", row.tenant);
  if (row.run !== null) requireId("run", row.run);
  requireDigest("intent", row.intent);
  requireDigest("key", row.key);
  requireName("server", row.server);
  if (row.tool !== null) requireName("tool", row.tool);
  if (row.agent !== null) requireName("agent", row.agent);
  requireName("subject", row.subject);
  requireBytes("request", row.request);
  if (row.opening !== null) requireBytes("opening", row.opening);
  requireWhole("createdAtMs", row.createdAtMs);
  requireWhole("expiresAtMs", row.expiresAtMs);
}

export function requireStorablePin(pin: PinRow): void {
  requireName("tenant", pin.tenant);
  requireName("server", pin.server);
  requireName("tool", pin.tool);
  requireDigest("digest", pin.digest);
  requireBytes("definition", pin.definition);
  requireName("acceptedBy", pin.acceptedBy);
  requireWhole("acceptedAtMs", pin.acceptedAtMs);
}

export function requireStorableMemory(row: MemoryRow): void {
  requireName("tenant", row.tenant);
  requireName("scope", row.scope);
  requireName("key", row.key);
  requireText("text", row.text, storeLimits.textBytes);
  requireDigest("source", row.source);
  if (row.embedder !== null) requireName("embedder", row.embedder);
  if (row.embedding !== null) requireBytes("embedding", asBytes(row.embedding));
  requireWhole("updatedAtMs", row.updatedAtMs);
}

function asBytes(floats: Float32Array): Uint8Array {
  return new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength);
}

/** The key is checked apart: rows are looked up by it, too. */
export function requireSecretKey({ tenant, name, subject }: SecretKey): void {
  requireName("tenant", tenant);
  requireName("name", name);
  if (subject !== null) requireName("subject", subject);
}

export function requireStorableSecret(row: SecretRow): void {
  requireSecretKey(row);
  requireWhole("version", row.version);
  requireCount("hosts", row.hosts.length, storeLimits.hostsPerSecret);
  for (const host of row.hosts) requireName("hosts", host);
  requireBytes("sealed", row.sealed, storeLimits.sealedBytes);
  requireBytes("wrapped", row.wrapped, storeLimits.wrappedBytes);
  requireName("keyId", row.keyId);
  requireWhole("writtenAtMs", row.writtenAtMs);
}
