import { createHash } from "node:crypto";
import { Fault } from "../model/fault.ts";
import type { Random } from "../ports/random.ts";
import type { Secrets } from "../ports/secrets.ts";
import { ensureKeyFile } from "./key-files.ts";

export interface KeyRingOptions {
  readonly references: readonly string[];
  readonly configDirectory: string;
  readonly random: Random;
  readonly secrets: Secrets;
}

const minLength = 32;

/** The ring that all replicas share, the newest first: from configuration, else this user's own key. */
export async function readKeyRing(
  use: "sealing" | "vault" | "agent" | "card" | "ledger",
  options: KeyRingOptions,
): Promise<readonly Uint8Array[]> {
  const { references, secrets } = options;
  if (references.length === 0) {
    const { key } = await ensureKeyFile(options, use);
    return [toKey(use, key)];
  }
  return Promise.all(
    references.map(async (reference) => {
      const text = (await secrets.resolve(reference)).reveal().trim();
      if (text.length >= minLength) return toKey(use, text);
      throw new Fault("keys_unusable", `${reference} holds fewer than ${minLength} characters.`);
    }),
  );
}

/** Keys are long and random, so a hash is all the derivation they need. */
function toKey(use: string, text: string): Uint8Array {
  return createHash("sha256").update(`countersign ${use} key\n`).update(text).digest();
}
