import { Fault } from "../model/index.ts";
import type { KeyProvider } from "../ports/key-provider.ts";
import type { Random } from "../ports/random.ts";
import { SecretValue } from "../ports/secrets.ts";
import type { SecretRow, WrappedRow } from "../ports/secret-rows.ts";
import type { SecretFacts, SecretMaterial } from "../ports/vault.ts";
import { keyLength, openBytes, sealBytes } from "./seal-bytes.ts";

export interface Envelope {
  /** Under a data key of its own, which is wrapped. */
  seal(facts: SecretFacts, value: SecretValue): Promise<SecretRow>;
  /** A Fault names the secret where anything of the row is not what was sealed. */
  open(row: SecretRow): Promise<SecretMaterial>;
  /** The same data key under the ring's first key; null when the ring cannot unwrap it. */
  rewrap(row: WrappedRow): Promise<Pick<WrappedRow, "wrapped" | "keyId"> | null>;
}

export function createEnvelope(keys: KeyProvider, random: Random): Envelope {
  return {
    async seal(facts, value) {
      const context = toContext(facts);
      const key = random.bytes(keyLength);
      const sealed = sealBytes({ key, context }, Buffer.from(value.reveal()), random);
      const { bytes, keyId } = await keys.wrap(key, context);
      key.fill(0);
      return { ...facts, sealed, wrapped: bytes, keyId };
    },
    async open(row) {
      const context = toContext(row);
      const { sealed, wrapped, keyId, ...facts } = row;
      const unwrapped = await keys.unwrap({ bytes: wrapped, keyId }, context);
      if (unwrapped.kind === "unknown") {
        throw unreadable(row, `it is under the key ${keyId}, which is not among the vault's keys`);
      }
      const key = unwrapped.kind === "unwrapped" ? unwrapped.dataKey : null;
      const bytes = key === null ? null : openBytes({ key, context }, sealed);
      key?.fill(0);
      if (bytes === null) throw unreadable(row, "its row in the database is not what was stored");
      return { ...facts, value: new SecretValue(new TextDecoder().decode(bytes)) };
    },
    async rewrap(row) {
      const context = toContext(row);
      const unwrapped = await keys.unwrap({ bytes: row.wrapped, keyId: row.keyId }, context);
      if (unwrapped.kind !== "unwrapped") return null;
      const { bytes, keyId } = await keys.wrap(unwrapped.dataKey, context);
      unwrapped.dataKey.fill(0);
      return { wrapped: bytes, keyId };
    },
  };
}

/** Everything about a secret but its value: a row opens as what it was sealed as, or not at all. */
function toContext(facts: SecretFacts): Uint8Array {
  const { tenant, name, subject, version, hosts, writtenAtMs } = facts;
  return Buffer.from(
    JSON.stringify(["countersign secret 1", tenant, name, subject, version, hosts, writtenAtMs]),
  );
}

function unreadable({ name, subject }: SecretFacts, why: string): Fault {
  return new Fault("secret_unreadable", `secret://${name} cannot be read: ${why}.`, {
    details: { name, subject },
  });
}
