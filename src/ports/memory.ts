import type { MemoryLanguage } from "../model/memory-language.ts";
import type { Digest, Label, TenantId } from "../model/index.ts";
import type { EmbedderName } from "./embedder.ts";

/**
 * What agents keep between runs. Nothing is found from another place than the one that is named, whatever
 * is asked for; vectors are compared only with those of the same embedder in the same version.
 */
export interface Memory {
  /** One that is there under this key is replaced. `full`: the scope has as many as it may. */
  write(draft: MemoryDraft, bounds: { readonly rows: number }): Promise<Written>;
  forget(place: MemoryPlace, key: string, nowMs: number): Promise<boolean>;
  /** By key, in the order of its bytes. */
  list(
    place: MemoryPlace,
    page: { readonly after?: string; readonly limit: number },
  ): Promise<readonly MemoryRow[]>;
  search(place: MemoryPlace, query: MemoryQuery): Promise<MemoryFound>;
  /** A source is this by now: what was taken from it when it was another has changed. How many rows have. */
  noteSource(place: MemoryPlace, source: SeenSource): Promise<number>;
  /** Rows of any place without a vector of this embedder, in the order of their places and keys. */
  listStale(embedder: EmbedderName, page: StalePage): Promise<readonly StaleRow[]>;
  /** A row's new vector. False: it was changed or forgotten meanwhile. */
  reembed(row: StaleRow, embedding: MemoryEmbedding): Promise<boolean>;
  /** Removes what this subject has written, at most `limit` rows, and returns how many. */
  erase(tenant: TenantId, subject: string, limit: number): Promise<number>;
  /** By kind of scope: what stands before its first colon. */
  measure(embedder: EmbedderName): Promise<readonly MemoryMeasure[]>;
}

export type Written = "created" | "replaced" | "full";

export interface MemoryPlace {
  readonly tenant: TenantId;
  /** Whose memory it is: `agent:…` or `subject:…`. */
  readonly scope: string;
}

export interface MemoryEmbedding extends EmbedderName {
  readonly values: Float32Array;
}

export interface MemoryDraft extends MemoryPlace {
  readonly key: string;
  /** Who wrote it, for erasure. */
  readonly subject: string;
  readonly text: string;
  readonly labels: readonly Label[];
  readonly source: MemorySource;
  /** Null: it is found by its words alone. */
  readonly embedding: MemoryEmbedding | null;
  /** Its words are brought to their stems as this language does. */
  readonly language: MemoryLanguage;
  readonly atMs: number;
}

export interface MemorySource {
  /** Null: nobody said where it is from. */
  readonly name: string | null;
  /** Of what it was taken from, as that was then. */
  readonly digest: Digest;
}

export interface SeenSource {
  readonly name: string;
  readonly digest: Digest;
  readonly nowMs: number;
}

export interface MemoryRow extends MemoryPlace {
  readonly key: string;
  readonly subject: string;
  readonly text: string;
  readonly labels: readonly Label[];
  readonly source: MemorySource;
  /** Since when its source is known to be another; null: it is not known to be. */
  readonly changedAtMs: number | null;
  readonly embedder: EmbedderName | null;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

export interface MemoryQuery {
  readonly text: string;
  readonly language: MemoryLanguage;
  readonly embedder: EmbedderName;
  /** Of the text, by this embedder; null: it could not be had, so words alone decide. */
  readonly vector: Float32Array | null;
  /** Cosine from which on a vector is near; whatever is opposite never is. */
  readonly leastLikeness: number;
  readonly limit: number;
}

export interface MemoryHit extends MemoryRow {
  readonly score: number;
  /** Its places in the lists that were fused; null: that list does not have it. */
  readonly ranks: {
    readonly words: number | null;
    readonly spelling: number | null;
    readonly vector: number | null;
  };
}

export interface MemoryFound {
  readonly hits: readonly MemoryHit[];
  /** In the place. */
  readonly rows: number;
  /** Of these, how many have no vector that the query's may be compared with. */
  readonly stale: number;
  /** Of these, how many are known to have another source by now. */
  readonly changed: number;
  /** When something was last written there or forgotten; null: there is nothing. */
  readonly writtenAtMs: number | null;
  /** `candidates`: vectors of what the words had found alone were looked at. */
  readonly compared: "all" | "candidates" | "none";
  /** Whether words that are spelled otherwise were looked for. */
  readonly spelling: boolean;
}

export interface StaleRow extends MemoryPlace {
  readonly key: string;
  readonly text: string;
  readonly updatedAtMs: number;
}

export interface StalePage {
  readonly after: Pick<StaleRow, "tenant" | "scope" | "key"> | null;
  readonly limit: number;
}

export interface MemoryMeasure {
  readonly kind: string;
  readonly rows: number;
  /** Taken from a source that is another by now, or without a vector of the embedder. */
  readonly stale: number;
  readonly newestAtMs: number;
}

export const memoryLimits = {
  textBytes: 32 * 1024,
  /** Keys, scopes and sources: an index row of three of them has to fit into 2,704 bytes. */
  nameBytes: 512,
  /** A subject has 256 characters at most, and a tenant before it. */
  subjectBytes: 1_536,
  /** Beyond these a query says nothing more. */
  queryWords: 24,
  hits: 50,
  /** Of each list that is fused. */
  candidates: 200,
  /** Vectors of a whole scope are compared where they hold no more numbers than this. */
  scannedNumbers: 1_048_576,
} as const;
