import { createKeyedSerial } from "../lib/keyed-serial.ts";
import { Fault } from "../model/index.ts";
import { requireSecretKey, requireStorableSecret } from "./storable.ts";
import { storeLimits } from "./store-limits.ts";
import type { SecretRow, SecretRows } from "./secret-rows.ts";
import type { SecretFacts, SecretKey } from "./vault.ts";

export function createInMemorySecretRows(): SecretRows {
  const rows = new Map<string, SecretRow>();
  /** The highest version that was removed, by tenant: new rows begin above it. */
  const floors = new Map<string, number>();
  const remove = (key: SecretKey): boolean => {
    const gone = rows.get(toKey(key));
    if (gone === undefined) return false;
    floors.set(key.tenant, Math.max(floors.get(key.tenant) ?? 0, gone.version));
    return rows.delete(toKey(key));
  };
  const serial = createKeyedSerial(
    storeLimits.waitingPerSecret,
    () => new Fault("store_busy", "Too many changes of this secret wait already."),
  );
  const ordered = (): readonly SecretRow[] => [...rows.values()].toSorted(byKey);
  return {
    async get(key) {
      requireSecretKey(key);
      return rows.get(toKey(key)) ?? null;
    },
    async list(tenant, { after, limit }) {
      return ordered()
        .filter((row) => row.tenant === tenant)
        .filter((row) => after === null || byKey(row, { tenant, ...after }) > 0)
        .slice(0, Math.min(limit, storeLimits.rowsPerPage))
        .map(toFacts);
    },
    async remove(key) {
      requireSecretKey(key);
      return remove(key);
    },
    async change(key, change) {
      requireSecretKey(key);
      await serial(toKey(key), async () => {
        const current = rows.get(toKey(key)) ?? null;
        const next = await change(current, current?.version ?? floors.get(key.tenant) ?? 0);
        if (next === null) return;
        if (next === "remove") return void remove(key);
        requireStorableSecret(next);
        rows.set(toKey(key), copy(next));
      });
    },
    async listWrappedByOthers(keyId, { after, limit }) {
      return ordered()
        .filter((row) => row.keyId !== keyId && (after === null || byKey(row, after) > 0))
        .slice(0, Math.min(limit, storeLimits.rowsPerPage));
    },
    async rewrap(row, { wrapped, keyId }) {
      const found = rows.get(toKey(row));
      if (found?.version !== row.version || found.keyId !== row.keyId) return false;
      const next = { ...found, wrapped, keyId };
      requireStorableSecret(next);
      rows.set(toKey(row), copy(next));
      return true;
    },
  };
}

const toKey = ({ tenant, name, subject }: SecretKey): string =>
  JSON.stringify([tenant, name, subject]);

/** By bytes, as Postgres does it; the row of nobody comes first. */
function byKey(a: SecretKey, b: SecretKey): number {
  return (
    byBytes(a.tenant, b.tenant) ||
    byBytes(a.name, b.name) ||
    Number(a.subject !== null) - Number(b.subject !== null) ||
    byBytes(a.subject ?? "", b.subject ?? "")
  );
}

const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

function copy(row: SecretRow): SecretRow {
  const { hosts, sealed, wrapped } = row;
  return { ...row, hosts: [...hosts], sealed: sealed.slice(), wrapped: wrapped.slice() };
}

function toFacts({ tenant, name, subject, version, hosts, writtenAtMs }: SecretRow): SecretFacts {
  return { tenant, name, subject, version, hosts, writtenAtMs };
}
