import type { KeyObject } from "node:crypto";
import { parseStrictJson } from "../lib/strict-json.ts";
import { toCanonicalBytes } from "../model/index.ts";
import type { OpeningPlace, Openings, SealedBytes } from "../ports/openings.ts";
import type { Random } from "../ports/random.ts";
import { openBytes, sealBytes } from "./seal-bytes.ts";
import type { TenantKeys } from "./tenant-keys.ts";

export function createOpenings(keys: TenantKeys, random: Random): Openings {
  return {
    async seal(place, value) {
      const { sealing } = await keys.of(place.tenant);
      return sealBytes(toInput(sealing, place), toCanonicalBytes(value), random);
    },
    async open(place, sealed) {
      const { sealing } = await keys.of(place.tenant);
      const bytes = openBytes(toInput(sealing, place), sealed);
      const parsed = bytes === null ? null : parseStrictJson(bytes);
      return parsed?.kind === "parsed" ? parsed.value : null;
    },
  };
}

export function createSealedBytes(keys: TenantKeys, random: Random): SealedBytes {
  return {
    async seal(place, bytes) {
      const { sealing } = await keys.of(place.tenant);
      return sealBytes(toInput(sealing, place), bytes, random);
    },
    async open(place, sealed) {
      const { sealing } = await keys.of(place.tenant);
      return openBytes(toInput(sealing, place), sealed);
    },
  };
}

/** Bound to the row: what is moved elsewhere does not open there. */
function toInput(key: KeyObject, { tenant, what }: OpeningPlace) {
  return { key, context: Buffer.from(`countersign opening\n${tenant}\n${what}`) };
}
