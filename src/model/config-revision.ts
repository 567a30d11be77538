import { z } from "zod";
import { deepFreeze } from "../lib/deep-freeze.ts";
import { toCanonicalBytes } from "./canonical.ts";
import { configSchema, type Config } from "./config.ts";
import { toDigest, type Digest } from "./digest.ts";
import { Fault } from "./fault.ts";

/** A configuration in its two forms: what the program reads, and the bytes its digest is over. */
export interface ConfigRevision {
  readonly digest: Digest;
  readonly bytes: Uint8Array;
  readonly config: Config;
}

/**
 * The canonical document has every default written out, so that a revision goes on meaning
 * what it meant when a later version of the program has other defaults.
 */
export function toConfigRevision(config: Config): ConfigRevision {
  const bytes = toCanonicalBytes(z.encode(configSchema, config));
  return Object.freeze({ digest: toDigest(bytes), bytes, config: deepFreeze(config) });
}

/** Reads a stored revision back; one that this version cannot read is a fault, not a default. */
export function fromConfigBytes(bytes: Uint8Array): ConfigRevision {
  const parsed = configSchema.safeParse(parseJson(bytes));
  if (!parsed.success) {
    const keys = parsed.error.issues.map(({ path }) => path.join("."));
    throw new Fault(
      "config_invalid",
      "The stored revision was written by another version of Countersign.",
      {
        details: { digest: toDigest(bytes), keys: keys.slice(0, 20) },
      },
    );
  }
  return Object.freeze({ digest: toDigest(bytes), bytes, config: deepFreeze(parsed.data) });
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}
