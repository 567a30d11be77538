import { createSerial, type Serial } from "../lib/serial.ts";
import { Fault } from "../model/index.ts";
import type { Clock } from "./clock.ts";
import type { SecretChange, SecretFacts, SecretKey, SecretMaterial, Vault } from "./vault.ts";

/** Waiting for one row: as many as a test ever lets wait. */
const maxWaiting = 10_000;

/** Material in a map, with the lock on a row that a database has. */
export function createInMemoryVault(clock: Clock): Vault {
  const rows = new Map<string, SecretMaterial>();
  const versions = new Map<string, number>();
  const locks = new Map<string, Serial>();

  function locked<T>(key: SecretKey, task: () => Promise<T>): Promise<T> {
    const name = toRowName(key);
    const busy = (): Fault => new Fault("store_busy", "Too many wait for this secret.");
    const lock = locks.get(name) ?? createSerial(maxWaiting, busy);
    locks.set(name, lock);
    return lock(task);
  }

  function write(key: SecretKey, { value, hosts }: SecretChange): SecretMaterial {
    const name = toRowName(key);
    const version = (versions.get(name) ?? 0) + 1;
    const { tenant, name: given, subject } = key;
    const facts = { tenant, name: given, subject, version, hosts: Object.freeze([...hosts]) };
    const row = Object.freeze({ ...facts, writtenAtMs: clock.nowMs(), value });
    versions.set(name, version);
    rows.set(name, row);
    return row;
  }

  return {
    put: (key, change) => locked(key, async () => toFacts(write(key, change))),
    read: async (key) => rows.get(toRowName(key)) ?? null,
    remove: (key) => locked(key, async () => rows.delete(toRowName(key))),
    async list(tenant, { after, limit }) {
      return [...rows.values()]
        .filter((row) => row.tenant === tenant)
        .filter(
          (row) => after === null || byBytes(toRowName(row), toRowName({ tenant, ...after })) > 0,
        )
        .toSorted((a, b) => byBytes(toRowName(a), toRowName(b)))
        .slice(0, limit)
        .map(toFacts);
    },
    update: (key, change) =>
      locked(key, async () => {
        const current = rows.get(toRowName(key)) ?? null;
        const wanted = await change(current);
        if (wanted === null) return current;
        if (wanted !== "remove") return write(key, wanted);
        rows.delete(toRowName(key));
        return null;
      }),
  };
}

function toRowName({ tenant, name, subject }: SecretKey): string {
  return [tenant, name, ...(subject === null ? [] : [subject])].join("\n");
}

const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

function toFacts(row: SecretMaterial): SecretFacts {
  const { tenant, name, subject, version, hosts, writtenAtMs } = row;
  return Object.freeze({ tenant, name, subject, version, hosts, writtenAtMs });
}
