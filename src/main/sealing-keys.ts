import { createHash } from "node:crypto";
import { Fault } from "../model/fault.ts";
import type { Random } from "../ports/random.ts";
import type { Secrets } from "../ports/secrets.ts";
import { ensureKeyFile } from "./key-files.ts";

export interface SealingKeyOptions {
  readonly references: readonly string[];
  readonly configDirectory: string;
  readonly random: Random;
  readonly secrets: Secrets;
}

const minLength = 32;

/** The ring that all replicas share: from configuration, else this user's own key. */
export async function readSealingKeys(options: SealingKeyOptions): Promise<readonly Uint8Array[]> {
  const { references, secrets } = options;
  if (references.length === 0) {
    const { key } = await ensureKeyFile(options, "sealing");
    return [toKey(key)];
  }
  return Promise.all(
    references.map(async (reference) => {
      const text = (await secrets.resolve(reference)).reveal().trim();
      if (text.length >= minLength) return toKey(text);
      throw new Fault("keys_unusable", `${reference} holds fewer than ${minLength} characters.`);
    }),
  );
}

/** Keys are long and random, so a hash is all the derivation they need. */
function toKey(text: string): Uint8Array {
  return createHash("sha256").update("countersign sealing key\n").update(text).digest();
}
