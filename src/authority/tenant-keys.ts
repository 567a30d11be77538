import { createHmac, createSecretKey, type KeyObject } from "node:crypto";
import type { Digest, TenantId } from "../model/index.ts";
import type { HashPurpose, TenantHash } from "../ports/tenant-hash.ts";
import type { Random } from "../ports/random.ts";
import { SecretValue } from "../ports/secrets.ts";
import type { Vault } from "../ports/vault.ts";
import { keyLength } from "./seal-bytes.ts";

/** Keys of one tenant: whoever does not have them learns nothing from hashes or sealed rows. */
export interface TenantKey {
  /** The same for the same parts, at every replica and for ever; another for another purpose. */
  hash(purpose: HashPurpose, parts: readonly unknown[]): Digest;
  /** Seals what commitments were made of. Made once: from bytes Node makes it anew at each use. */
  readonly sealing: KeyObject;
}

export interface TenantKeys {
  /** A promise only where the key was not used here before. */
  of(tenant: TenantId): TenantKey | Promise<TenantKey>;
}

/** No name that a person may give: it is made, kept and rewrapped as secrets are, and not shown. */
const name = ":tenant";
/** Tenants served by one replica between two starts; then it reads them anew. */
const maxTenants = 10_000;

export function isOwnSecret(given: string): boolean {
  return given.startsWith(":");
}

/** A random key each, in the vault: made by whichever replica needs it first. */
export function createTenantKeys(
  vault: Pick<Vault, "read" | "update">,
  random: Random,
): TenantKeys {
  const known = new Map<TenantId, TenantKey | Promise<TenantKey>>();

  async function read(tenant: TenantId): Promise<TenantKey> {
    const key = { tenant, name, subject: null };
    const material =
      (await vault.read(key)) ??
      (await vault.update(
        key,
        async (current) =>
          current === null ? { value: new SecretValue(toHex(random)), hosts: [] } : null,
        "brief",
      ));
    return toTenantKey(Buffer.from(material!.value.reveal(), "hex"));
  }

  return {
    of(tenant) {
      const found = known.get(tenant);
      if (found !== undefined) return found;
      if (known.size >= maxTenants) known.clear();
      const reading = read(tenant).then(
        (key) => {
          known.set(tenant, key);
          return key;
        },
        (fault: unknown) => {
          known.delete(tenant);
          throw fault;
        },
      );
      known.set(tenant, reading);
      return reading;
    },
  };
}

function toHex(random: Random): string {
  return Buffer.from(random.bytes(keyLength)).toString("hex");
}

function toTenantKey(root: Uint8Array): TenantKey {
  const toKey = (use: string): KeyObject =>
    createSecretKey(createHmac("sha256", root).update(use).digest());
  const sealing = toKey("countersign openings");
  const hashing = toKey("countersign hashes");
  return Object.freeze({
    sealing,
    hash(purpose, parts) {
      const hex = createHmac("sha256", hashing)
        .update(JSON.stringify([purpose, parts]))
        .digest("hex");
      return `sha256:${hex}` as Digest;
    },
  } satisfies TenantKey);
}

export function createTenantHash(keys: TenantKeys): TenantHash {
  return {
    hash(tenant, purpose, parts) {
      const key = keys.of(tenant);
      return "then" in key
        ? key.then((read) => read.hash(purpose, parts))
        : key.hash(purpose, parts);
    },
  };
}
