import { Fault } from "../model/index.ts";
import type { Clock } from "../ports/clock.ts";
import type { KeyProvider } from "../ports/key-provider.ts";
import type { Random } from "../ports/random.ts";
import type { SecretRows } from "../ports/secret-rows.ts";
import type {
  SecretChange,
  SecretFacts,
  SecretKey,
  SecretMaterial,
  Vault,
} from "../ports/vault.ts";
import { createEnvelope, type Envelope } from "./envelope.ts";

export interface VaultOptions {
  readonly rows: SecretRows;
  readonly keys: KeyProvider;
  readonly clock: Clock;
  readonly random: Random;
}

export interface RotatingVault extends Vault {
  /** Puts rows of older keys of the ring under its first one. The values are not touched. */
  rewrap(signal: AbortSignal): Promise<Rewrapped>;
}

export interface Rewrapped {
  readonly moved: number;
  /** Under a key that is not in the ring, or altered: they stay as they are. */
  readonly lost: number;
}

/** Keys, tokens and certificates are far smaller. */
export const maxSecretBytes = 65_536;
/** What a change may take, an authorization server included. */
const changeWithinMs = 30_000;
const rewrapPage = 100;

export function createVault({ rows, keys, clock, random }: VaultOptions): RotatingVault {
  const envelope = createEnvelope(keys, random);
  const seal = (key: SecretKey, change: SecretChange, version: number) => {
    requireValue(change);
    const { tenant, name, subject } = key;
    const facts = { tenant, name, subject, version, hosts: change.hosts };
    return envelope.seal({ ...facts, writtenAtMs: clock.nowMs() }, change.value);
  };
  return {
    async put(key, change) {
      let written: SecretFacts | null = null;
      // What was there is not opened: a secret whose key is lost can be set again.
      await rows.change(
        key,
        async (_, lastVersion) => {
          const row = await seal(key, change, lastVersion + 1);
          written = toFacts(row);
          return row;
        },
        "brief",
      );
      return written!;
    },
    list: (tenant, page) => rows.list(tenant, page),
    remove: (key) => rows.remove(key),
    async read(key) {
      const row = await rows.get(key);
      return row === null ? null : envelope.open(row);
    },
    async update(key, change, pace) {
      let material: SecretMaterial | null = null;
      await rows.change(
        key,
        async (current, lastVersion) => {
          material = current === null ? null : await envelope.open(current);
          const next = await inTime(change(material), clock);
          if (next === null) return null;
          if (next === "remove") {
            material = null;
            return next;
          }
          const row = await seal(key, next, lastVersion + 1);
          material = { ...toFacts(row), value: next.value };
          return row;
        },
        pace,
      );
      return material;
    },
    rewrap: (signal) => rewrapAll({ rows, envelope, keyId: keys.keyId }, signal),
  };
}

interface Rewrapping {
  readonly rows: SecretRows;
  readonly envelope: Envelope;
  readonly keyId: string;
}

async function rewrapAll(
  { rows, envelope, keyId }: Rewrapping,
  signal: AbortSignal,
): Promise<Rewrapped> {
  let [moved, lost] = [0, 0];
  for (let after: SecretKey | null = null; !signal.aborted;) {
    const page = await rows.listWrappedByOthers(keyId, { after, limit: rewrapPage });
    for (const row of page) {
      const to = await envelope.rewrap(row);
      if (to === null) lost += 1;
      else if (await rows.rewrap(row, to)) moved += 1;
    }
    after = page.at(-1) ?? null;
    if (page.length < rewrapPage) break;
  }
  return { moved, lost };
}

function requireValue({ value }: SecretChange): void {
  const text = value.reveal();
  if (text === "") throw new Fault("payload_invalid", "The value of a secret is not empty.");
  if (!text.isWellFormed()) {
    throw new Fault("payload_invalid", "The value of a secret is text without lone surrogates.");
  }
  if (Buffer.byteLength(text) > maxSecretBytes) {
    throw new Fault("payload_too_large", `A secret has at most ${maxSecretBytes} bytes.`);
  }
}

/** Others wait for the row: who holds it longer has to give it back. */
async function inTime<T>(work: Promise<T>, clock: Clock): Promise<T> {
  const done = new AbortController();
  const late = clock.sleep(changeWithinMs, done.signal).then(() => {
    throw new Fault(
      "deadline_exceeded",
      `A change of a secret took longer than ${changeWithinMs} ms.`,
    );
  });
  late.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    done.abort();
  }
}

function toFacts(facts: SecretFacts): SecretFacts {
  const { tenant, name, subject, version, hosts, writtenAtMs } = facts;
  return { tenant, name, subject, version, hosts, writtenAtMs };
}
