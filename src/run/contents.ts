import type { Json } from "../lib/strict-json.ts";
import { toCanonicalText, type Digest, type RunId, type TenantId } from "../model/index.ts";
import type { Openings } from "../ports/openings.ts";
import type { RunBlob, Runs } from "../ports/run-rows.ts";
import type { TenantHash } from "../ports/tenant-hash.ts";

/** What events name by a digest: sealed under the tenant's key, found by a hash that is keyed, too. */
export interface Contents {
  /** Not durable yet: it goes along with the event that names it. */
  make(value: Json): Promise<RunBlob>;
  /** In their order. A Fault names one that is gone. */
  read(ids: readonly Digest[]): Promise<readonly Json[]>;
}

export interface ContentsOptions {
  readonly runs: Pick<Runs, "blobs">;
  readonly hashes: TenantHash;
  readonly openings: Openings;
}

export interface WhoseContents {
  readonly tenant: TenantId;
  readonly run: RunId;
}

/** A context that is asked about again and again is read once, by the worker that has the run. */
export function createContents(options: ContentsOptions, whose: WhoseContents): Contents {
  const known = new Map<Digest, Json>();
  return {
    async make(value) {
      const id = await options.hashes.hash(whose.tenant, "run-blob", [toCanonicalText(value)]);
      known.set(id, value);
      return { id, bytes: await options.openings.seal(toPlace(whose, id), value) };
    },
    async read(ids) {
      const missing = [...new Set(ids)].filter((id) => !known.has(id));
      const found = missing.length === 0 ? none : await options.runs.blobs(whose.run, missing);
      for (const id of missing) {
        const sealed = found.get(id);
        const value =
          sealed === undefined ? null : await options.openings.open(toPlace(whose, id), sealed);
        if (value === null) throw new Error(`content ${id} of run ${whose.run} is gone`);
        known.set(id, value);
      }
      return ids.map((id) => known.get(id)!);
    },
  };
}

const none: ReadonlyMap<Digest, Uint8Array> = new Map();

/** Not bound to the run: a fork has the contents of the run that it came from. */
function toPlace({ tenant }: WhoseContents, id: Digest) {
  return { tenant, what: `blob:${id}` };
}
