import type pg from "pg";
import { toCosine } from "../../lib/cosine.ts";
import { fuseRanks } from "../../lib/fuse-ranks.ts";
import { splitWords } from "../../lib/split-words.ts";
import {
  memoryLimits,
  type Memory,
  type MemoryFound,
  type MemoryPlace,
  type MemoryQuery,
} from "../../ports/memory.ts";
import { requireQuery } from "../../ports/storable-memory.ts";
import type { MemoryExtensions } from "./memory-extensions.ts";
import { rowColumns, toMemoryRow, type StoredMemory } from "./memory-row.ts";
import { fromSentReals, toEmbedderText, toRealArray } from "./memory-vector.ts";
import { findBySpelling } from "./memory-spelling.ts";
import { findByWords } from "./memory-words.ts";
import { toFault } from "./to-fault.ts";

export interface MemorySearchOptions {
  readonly pool: pg.Pool;
  readonly extensions: MemoryExtensions;
}

/** Lists of keys by words, by spelling and by vectors, fused; each is bounded, and so are their parts. */
export function createMemorySearch(options: MemorySearchOptions): Memory["search"] {
  return async (place, query) => {
    requireQuery(query);
    try {
      return await search(options, place, query);
    } catch (error) {
      throw toFault(error);
    }
  };
}

async function search(
  options: MemorySearchOptions,
  place: MemoryPlace,
  query: MemoryQuery,
): Promise<MemoryFound> {
  const { pool, extensions } = options;
  const scope = await readScope(pool, place, query);
  if (scope === null) return nothing(extensions);
  const words = [...new Set(splitWords(query.text))].slice(0, memoryLimits.queryWords);
  const byWords = await findByWords(pool, { ...place, words, language: query.language });
  const unknown = words.filter((word) => !byWords.known.includes(word));
  const bySpelling = await findBySpelling(options, { ...place, words: unknown });
  const candidates = [...new Set([...byWords.keys, ...bySpelling])];
  const byVector = await findByVector(options, { place, query, candidates, rows: scope.rows });
  const fused = fuseRanks([byWords.keys, bySpelling, byVector.keys]);
  const best = fused.slice(0, Math.min(query.limit, memoryLimits.hits));
  const rows = await readRows(
    pool,
    place,
    best.map(({ key }) => key),
  );
  const hits = best.flatMap(({ key, score, ranks }) => {
    const row = rows.get(key);
    const [ofWords = null, spelling = null, vector = null] = ranks;
    // One that was forgotten meanwhile is not there any more.
    return row === undefined
      ? []
      : [{ ...row, score, ranks: { words: ofWords, spelling, vector } }];
  });
  return { ...scope, hits, compared: byVector.compared, spelling: extensions.trigrams !== null };
}

function nothing({ trigrams }: MemoryExtensions): MemoryFound {
  const counts = { rows: 0, stale: 0, changed: 0, writtenAtMs: null };
  return { ...counts, hits: [], compared: "none", spelling: trigrams !== null };
}

async function readScope(
  pool: pg.Pool,
  { tenant, scope }: MemoryPlace,
  { embedder }: MemoryQuery,
): Promise<Pick<MemoryFound, "rows" | "stale" | "changed" | "writtenAtMs"> | null> {
  const { rows } = await pool.query<{
    rows: number;
    written_at: number;
    stale: number;
    changed: number;
  }>({
    name: "read_memory_scope",
    text: `select rows, written_at,
        (select count(*) from countersign.memories
          where tenant = $1 and scope = $2 and embedder < $3) +
        (select count(*) from countersign.memories
          where tenant = $1 and scope = $2 and embedder > $3) as stale,
        (select count(*) from countersign.memories
          where tenant = $1 and scope = $2 and changed_at is not null) as changed
      from countersign.memory_scopes where tenant = $1 and scope = $2`,
    values: [tenant, scope, toEmbedderText(embedder)],
  });
  const [row] = rows;
  if (row === undefined) return null;
  return { rows: row.rows, stale: row.stale, changed: row.changed, writtenAtMs: row.written_at };
}

interface VectorSearch {
  readonly place: MemoryPlace;
  readonly query: MemoryQuery;
  /** What the other lists have. */
  readonly candidates: readonly string[];
  readonly rows: number;
}

type ByVector = Pick<MemoryFound, "compared"> & { readonly keys: readonly string[] };

/**
 * With pgvector the nearest of the scope; without it exactly as well, but of the candidates alone where
 * the scope is too large to be read as a whole.
 */
async function findByVector(
  { pool, extensions }: MemorySearchOptions,
  { place, query, candidates, rows }: VectorSearch,
): Promise<ByVector> {
  const { vector } = query;
  if (vector === null) return { keys: [], compared: "none" };
  const values = [place.tenant, place.scope, toEmbedderText(query.embedder)];
  if (extensions.vectors !== null) {
    const keys = await findNearest(pool, extensions.vectors, { ...query, values, vector });
    return { keys, compared: "all" };
  }
  const all = rows * vector.length <= memoryLimits.scannedNumbers;
  const found = await pool.query<{ key: string; sent: Buffer }>({
    name: all ? "read_memory_vectors" : "read_memory_vectors_of",
    text: `select key, array_send(embedding) as sent from countersign.memories
      where tenant = $1 and scope = $2 and embedder = $3 ${all ? "" : "and key = any($4)"}`,
    values: all ? values : [...values, candidates],
  });
  return { keys: toNearest(found.rows, vector, query), compared: all ? "all" : "candidates" };
}

interface Nearest extends Pick<MemoryQuery, "leastLikeness"> {
  /** Tenant, scope and embedder. */
  readonly values: readonly string[];
  readonly vector: Float32Array;
}

/** Postgres compares them itself, one by one, which is exact. */
async function findNearest(
  pool: pg.Pool,
  place: string,
  { values, vector, leastLikeness }: Nearest,
): Promise<readonly string[]> {
  const { rows } = await pool.query<{ key: string }>({
    text: `select key from (
        select key, embedding::${place}.vector operator(${place}.<=>) $4::real[]::${place}.vector
          as distance
        from countersign.memories
        where tenant = $1 and scope = $2 and embedder = $3 and array_length(embedding, 1) = $7
      ) near
      where distance < 1 and distance <= 1 - $5::float8
      order by distance, key limit $6`,
    values: [...values, toRealArray(vector), leastLikeness, memoryLimits.candidates, vector.length],
  });
  return rows.map(({ key }) => key);
}

function toNearest(
  rows: readonly { readonly key: string; readonly sent: Buffer }[],
  vector: Float32Array,
  { leastLikeness }: Pick<MemoryQuery, "leastLikeness">,
): readonly string[] {
  return rows
    .map(({ key, sent }) => ({ key, values: fromSentReals(sent) }))
    .filter(({ values }) => values.length === vector.length)
    .map(({ key, values }) => ({ key, likeness: toCosine(values, vector) }))
    .filter(({ likeness }) => likeness > 0 && likeness >= leastLikeness)
    .toSorted((one, other) => other.likeness - one.likeness || (one.key < other.key ? -1 : 1))
    .slice(0, memoryLimits.candidates)
    .map(({ key }) => key);
}

async function readRows(
  pool: pg.Pool,
  { tenant, scope }: MemoryPlace,
  keys: readonly string[],
): Promise<ReadonlyMap<string, ReturnType<typeof toMemoryRow>>> {
  const { rows } = await pool.query<StoredMemory>({
    name: "read_memories",
    text: `select ${rowColumns} from countersign.memories m
      where tenant = $1 and scope = $2 and key = any($3)`,
    values: [tenant, scope, keys],
  });
  return new Map(rows.map((row) => [row.key, toMemoryRow(row)]));
}
