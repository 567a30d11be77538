import {
  requireBytes,
  requireDigest,
  requireName,
  requireStorablePin,
  requireWhole,
} from "./storable.ts";
import { storeLimits } from "./store-limits.ts";
import type { PinRow, Pins } from "./pin-rows.ts";
import type { RevisionRow, Revisions } from "./revision-rows.ts";
import type { Blobs } from "./store.ts";

/** The rows that are looked up by a key of several texts. */
const toKey = (...parts: readonly string[]): string => parts.join("\0");

/** Text is ordered by its bytes, as Postgres does it, not by UTF-16 units. */
const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

export function createInMemoryBlobs(): Blobs {
  const blobs = new Map<string, Uint8Array>();
  return {
    async put(tenant, id, bytes) {
      requireName("tenant", tenant);
      requireDigest("id", id);
      requireBytes("bytes", bytes, storeLimits.blobBytes);
      const key = toKey(tenant, id);
      if (!blobs.has(key)) blobs.set(key, bytes.slice());
    },
    async get(tenant, id) {
      requireDigest("id", id);
      return blobs.get(toKey(tenant, id)) ?? null;
    },
    async remove(tenant, id) {
      requireDigest("id", id);
      return blobs.delete(toKey(tenant, id));
    },
  };
}

export function createInMemoryRevisions(): Revisions {
  const rows: RevisionRow[] = [];
  return {
    async current() {
      return rows.at(-1) ?? null;
    },
    async get(digest) {
      requireDigest("digest", digest);
      return rows.findLast((row) => row.digest === digest) ?? null;
    },
    async list(limit) {
      return rows.toReversed().slice(0, Math.min(limit, storeLimits.rowsPerPage));
    },
    async apply(next, previous) {
      requireDigest("digest", next.digest);
      requireBytes("bytes", next.bytes);
      requireWhole("appliedAtMs", next.appliedAtMs);
      if ((rows.at(-1)?.digest ?? null) !== previous) return "stale";
      rows.push({ ...next, bytes: next.bytes.slice() });
      return "applied";
    },
  };
}

export function createInMemoryPins(): Pins {
  const pins = new Map<string, PinRow>();
  return {
    async get(tenant, server, tool) {
      return pins.get(toKey(tenant, server, tool)) ?? null;
    },
    async list(tenant, server) {
      return [...pins.values()]
        .filter((pin) => pin.tenant === tenant && pin.server === server)
        .toSorted((a, b) => byBytes(a.tool, b.tool))
        .slice(0, storeLimits.rowsPerPage);
    },
    async accept(pin, previous) {
      requireStorablePin(pin);
      const key = toKey(pin.tenant, pin.server, pin.tool);
      if ((pins.get(key)?.digest ?? null) !== previous) return "stale";
      pins.set(key, { ...pin, definition: pin.definition.slice() });
      return "accepted";
    },
    async revoke(tenant, server, tool) {
      return pins.delete(toKey(tenant, server, tool));
    },
  };
}
