import type { Json } from "../lib/strict-json.ts";
import { toCanonicalText, type Digest, type RunId, type TenantId } from "../model/index.ts";
import type { Openings } from "../ports/openings.ts";
import type { RunBlob, Runs } from "../ports/run-rows.ts";
import type { TenantHash } from "../ports/tenant-hash.ts";

/** What events name by a digest: sealed under the tenant's key, found by a hash that is keyed, too. */
export interface Contents {
  /** Not durable yet: it goes along with the event that names it. */
  make(value: Json): Promise<RunBlob>;
  /** Same arguments, same digest; whoever sees the digest cannot try guesses on it. */
  hashArgs(args: string): Promise<Digest>;
  /** Same value of the same thing, same digest: the value is not told by it. */
  hashFact(key: string, value: Json): Promise<Digest>;
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
  const known = createKnown();
  return {
    async make(value) {
      const id = await options.hashes.hash(whose.tenant, "run-blob", [toCanonicalText(value)]);
      const bytes = await options.openings.seal(toPlace(whose, id), value);
      known.add(id, { value, size: bytes.byteLength });
      return { id, bytes };
    },
    async hashArgs(args) {
      return options.hashes.hash(whose.tenant, "run-args", [args]);
    },
    async hashFact(key, value) {
      return options.hashes.hash(whose.tenant, "fact-value", [key, toCanonicalText(value)]);
    },
    async read(ids) {
      const values = new Map<Digest, Json>();
      for (const id of ids) {
        const value = known.get(id);
        if (value !== undefined) values.set(id, value);
      }
      const missing = [...new Set(ids)].filter((id) => !values.has(id));
      const found = missing.length === 0 ? none : await options.runs.blobs(whose.run, missing);
      for (const id of missing) {
        const sealed = found.get(id);
        const value =
          sealed === undefined ? null : await options.openings.open(toPlace(whose, id), sealed);
        if (value === null) throw new Error(`content ${id} of run ${whose.run} is gone`);
        values.set(id, value);
        known.add(id, { value, size: sealed!.byteLength });
      }
      return ids.map((id) => values.get(id)!);
    },
  };
}

/** Many times the longest context; what has not been read for longest is let go, and read again. */
const mostBytes = 32 * 1_024 * 1_024;

interface Known {
  readonly value: Json;
  readonly size: number;
}

function createKnown() {
  const known = new Map<Digest, Known>();
  let bytes = 0;
  function forget(id: Digest): Known | undefined {
    const had = known.get(id);
    if (had !== undefined) bytes -= had.size;
    known.delete(id);
    return had;
  }
  function add(id: Digest, one: Known): void {
    forget(id);
    known.set(id, one);
    bytes += one.size;
    for (const oldest of known.keys()) {
      if (bytes <= mostBytes) return;
      forget(oldest);
    }
  }
  return {
    add,
    get(id: Digest): Json | undefined {
      const had = forget(id);
      if (had !== undefined) add(id, had);
      return had?.value;
    },
  };
}

const none: ReadonlyMap<Digest, Uint8Array> = new Map();

/** Not bound to the run: a fork has the contents of the run that it came from. */
function toPlace({ tenant }: WhoseContents, id: Digest) {
  return { tenant, what: `blob:${id}` };
}
