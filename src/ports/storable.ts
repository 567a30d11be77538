import { digestSchema, Fault, runIdSchema } from "../model/index.ts";
import { storeLimits } from "./store-limits.ts";
import type { ApprovalDraft } from "./approval-rows.ts";
import type { PinRow } from "./pin-rows.ts";
import type { SecretRow } from "./secret-rows.ts";
import type { SecretKey } from "./vault.ts";

/** Run, entry and approval ids are all UUIDv7 in lower case. */
export function requireId(place: string, id: string): void {
  if (!runIdSchema.safeParse(id).success) {
    throw new Fault("payload_invalid", `${place} is not a UUIDv7: ${JSON.stringify(id)}`);
  }
}

/** The beginning of an id, up to the whole of it. */
export function requireIdBeginning(place: string, text: string): void {
  if (text === "" || !idShape.test(text + emptyId.slice(text.length)))
    throw new Fault("payload_invalid", `${place} begins no id: ${JSON.stringify(text)}`);
}

const emptyId = "00000000-0000-0000-0000-000000000000";
const idShape = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The lowest and the highest id that begin like this. */
export function toIdRange(begins: string): { readonly from: string; readonly to: string } {
  return {
    from: begins + emptyId.slice(begins.length),
    to: begins + emptyId.replaceAll("0", "f").slice(begins.length),
  };
}

/** As many as one page may hold. */
export function requireIds(place: string, ids: readonly string[]): void {
  requireCount(place, ids.length, storeLimits.rowsPerPage);
  for (const id of ids) requireId(place, id);
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

export function requireCount(place: string, count: number, limit: number): void {
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
