import { toCosine } from "../lib/cosine.ts";
import { fuseRanks } from "../lib/fuse-ranks.ts";
import { splitWords } from "../lib/split-words.ts";
import { toLikeness } from "../lib/trigrams.ts";
import type { TenantId } from "../model/index.ts";
import type { EmbedderName } from "./embedder.ts";
import {
  memoryLimits,
  type Memory,
  type MemoryDraft,
  type MemoryEmbedding,
  type MemoryFound,
  type MemoryMeasure,
  type MemoryPlace,
  type MemoryQuery,
  type MemoryRow,
  type SeenSource,
  type StalePage,
  type StaleRow,
  type Written,
} from "./memory.ts";
import { requireEmbedding, requireQuery, requireStorableDraft } from "./storable-memory.ts";
import { storeLimits } from "./store-limits.ts";

interface Kept {
  readonly row: MemoryRow;
  readonly words: readonly string[];
  readonly values: Float32Array | null;
}

const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
const toPlace = ({ tenant, scope }: MemoryPlace): string => JSON.stringify([tenant, scope]);
const toNameText = (name: EmbedderName | null): string =>
  name === null ? "" : JSON.stringify([name.id, name.version]);

/** The twin: it knows no stems, whatever the language, and reads all of a place for each search. */
export function createInMemoryMemory(): Memory {
  return new InMemoryMemory();
}

interface Place {
  readonly rows: Map<string, Kept>;
  writtenAtMs: number;
}

class InMemoryMemory implements Memory {
  readonly #places = new Map<string, Place>();

  async write(draft: MemoryDraft, bounds: { readonly rows: number }): Promise<Written> {
    requireStorableDraft(draft);
    const { embedding, language: _, atMs, ...rest } = draft;
    const place: Place = this.#places.get(toPlace(draft)) ?? { rows: new Map(), writtenAtMs: 0 };
    const known = place.rows.get(draft.key);
    if (known === undefined && place.rows.size >= bounds.rows) return "full";
    this.#places.set(toPlace(draft), place);
    place.writtenAtMs = Math.max(place.writtenAtMs, atMs);
    const createdAtMs = known?.row.createdAtMs ?? atMs;
    const times = { changedAtMs: null, createdAtMs, updatedAtMs: atMs };
    place.rows.set(draft.key, {
      row: { ...rest, labels: [...draft.labels], embedder: toName(embedding), ...times },
      words: splitWords(`${draft.key} ${draft.text}`),
      values: embedding?.values.slice() ?? null,
    });
    return known === undefined ? "created" : "replaced";
  }

  async forget(place: MemoryPlace, key: string, nowMs: number): Promise<boolean> {
    const known = this.#places.get(toPlace(place));
    if (known === undefined || !this.#remove(place, key)) return false;
    known.writtenAtMs = Math.max(known.writtenAtMs, nowMs);
    return true;
  }

  async list(
    place: MemoryPlace,
    { after, limit }: { readonly after?: string; readonly limit: number },
  ): Promise<readonly MemoryRow[]> {
    return this.#listOf(place)
      .map(({ row }) => row)
      .filter(({ key }) => after === undefined || byBytes(key, after) > 0)
      .toSorted((a, b) => byBytes(a.key, b.key))
      .slice(0, Math.min(limit, storeLimits.rowsPerPage));
  }

  async search(place: MemoryPlace, query: MemoryQuery): Promise<MemoryFound> {
    requireQuery(query);
    const { writtenAtMs = null } = this.#places.get(toPlace(place)) ?? {};
    return { ...searchIn(this.#listOf(place), query), writtenAtMs };
  }

  async noteSource(place: MemoryPlace, { name, digest, nowMs }: SeenSource): Promise<number> {
    const differing = this.#listOf(place).filter(
      ({ row }) =>
        row.source.name === name && (row.source.digest === digest) === (row.changedAtMs !== null),
    );
    for (const kept of differing) {
      const changedAtMs = kept.row.source.digest === digest ? null : nowMs;
      this.#replace({ ...kept, row: { ...kept.row, changedAtMs } });
    }
    return differing.filter(({ row }) => row.source.digest !== digest).length;
  }

  async listStale(
    embedder: EmbedderName,
    { after, limit }: StalePage,
  ): Promise<readonly StaleRow[]> {
    return this.#all()
      .map(({ row }) => row)
      .filter((row) => toNameText(row.embedder) !== toNameText(embedder))
      .filter((row) => after === null || byBytes(toOrder(row), toOrder(after)) > 0)
      .toSorted((a, b) => byBytes(toOrder(a), toOrder(b)))
      .slice(0, Math.min(limit, storeLimits.rowsPerPage))
      .map(({ tenant, scope, key, text, updatedAtMs }) => {
        return { tenant, scope, key, text, updatedAtMs };
      });
  }

  async reembed(stale: StaleRow, embedding: MemoryEmbedding): Promise<boolean> {
    requireEmbedding(embedding);
    const kept = this.#places.get(toPlace(stale))?.rows.get(stale.key);
    const isSame = kept?.row.updatedAtMs === stale.updatedAtMs && kept.row.text === stale.text;
    if (kept === undefined || !isSame) return false;
    const row = { ...kept.row, embedder: toName(embedding) };
    this.#replace({ ...kept, row, values: embedding.values.slice() });
    return true;
  }

  async erase(tenant: TenantId, subject: string, limit: number): Promise<number> {
    const due = this.#all()
      .filter(({ row }) => row.tenant === tenant && row.subject === subject)
      .slice(0, limit);
    for (const { row } of due) this.#remove(row, row.key);
    return due.length;
  }

  async measure(embedder: EmbedderName): Promise<readonly MemoryMeasure[]> {
    const measures = new Map<string, MemoryMeasure>();
    for (const { rows, writtenAtMs } of this.#places.values()) {
      for (const { row } of rows.values()) {
        const kind = row.scope.split(":", 1)[0]!;
        const before = measures.get(kind) ?? { rows: 0, stale: 0, newestAtMs: 0 };
        measures.set(kind, {
          kind,
          rows: before.rows + 1,
          stale: before.stale + (isStale(row, embedder) ? 1 : 0),
          newestAtMs: Math.max(before.newestAtMs, writtenAtMs),
        });
      }
    }
    return [...measures.values()].toSorted((a, b) => (a.kind < b.kind ? -1 : 1));
  }

  #listOf(place: MemoryPlace): readonly Kept[] {
    return [...(this.#places.get(toPlace(place))?.rows.values() ?? [])];
  }

  #all(): readonly Kept[] {
    return [...this.#places.values()].flatMap(({ rows }) => [...rows.values()]);
  }

  #replace(kept: Kept): void {
    this.#places.get(toPlace(kept.row))?.rows.set(kept.row.key, kept);
  }

  #remove(place: MemoryPlace, key: string): boolean {
    const known = this.#places.get(toPlace(place));
    const isThere = known?.rows.delete(key) ?? false;
    if (known?.rows.size === 0) this.#places.delete(toPlace(place));
    return isThere;
  }
}

const toOrder = ({ tenant, scope, key }: Pick<StaleRow, "tenant" | "scope" | "key">): string =>
  [tenant, scope, key].join("\0");

function toName(embedding: MemoryEmbedding | null): EmbedderName | null {
  return embedding === null ? null : { id: embedding.id, version: embedding.version };
}

function isStale(row: MemoryRow, embedder: EmbedderName): boolean {
  return row.changedAtMs !== null || toNameText(row.embedder) !== toNameText(embedder);
}

const leastLikeness = 0.4;

function searchIn(rows: readonly Kept[], query: MemoryQuery) {
  const { embedder, vector } = query;
  const words = [...new Set(splitWords(query.text))].slice(0, memoryLimits.queryWords);
  const holds = (word: string) => rows.filter((kept) => kept.words.includes(word)).length;
  const counts = new Map(words.map((word) => [word, holds(word)]));
  const known = words.filter((word) => counts.get(word)! > 0);
  const unknown = words.filter((word) => counts.get(word) === 0 && word.length > 4);
  const byWords = rank(rows, (kept) =>
    known
      .filter((word) => kept.words.includes(word))
      .reduce((sum, word) => sum + Math.log(1 + rows.length / counts.get(word)!), 0),
  );
  const bySpelling = rank(rows, (kept) =>
    unknown.reduce((sum, word) => {
      const likeness = Math.max(0, ...kept.words.map((each) => toLikeness(word, each)));
      return likeness < leastLikeness ? sum : sum + likeness;
    }, 0),
  );
  const isComparable = ({ row }: Kept) => toNameText(row.embedder) === toNameText(embedder);
  const byVector = rank(vector === null ? [] : rows.filter(isComparable), ({ values }) => {
    const likeness = values?.length === vector?.length ? toCosine(values!, vector!) : 0;
    return likeness < query.leastLikeness ? 0 : likeness;
  });
  const byKey = new Map(rows.map(({ row }) => [row.key, row]));
  const hits = fuseRanks([byWords, bySpelling, byVector])
    .slice(0, Math.min(query.limit, memoryLimits.hits))
    .map(({ key, score, ranks: [ofWords = null, spelling = null, ofVector = null] }) => ({
      ...byKey.get(key)!,
      score,
      ranks: { words: ofWords, spelling, vector: ofVector },
    }));
  return {
    hits,
    rows: rows.length,
    stale: rows.filter((kept) => !isComparable(kept)).length,
    changed: rows.filter(({ row }) => row.changedAtMs !== null).length,
    compared: vector === null || rows.length === 0 ? ("none" as const) : ("all" as const),
    spelling: true,
  };
}

/** Keys of those with any score, the best first. */
function rank(rows: readonly Kept[], toScore: (kept: Kept) => number): readonly string[] {
  return rows
    .map((kept) => ({ key: kept.row.key, score: toScore(kept) }))
    .filter(({ score }) => score > 0)
    .toSorted((a, b) => b.score - a.score || (a.key < b.key ? -1 : 1))
    .slice(0, memoryLimits.candidates)
    .map(({ key }) => key);
}
