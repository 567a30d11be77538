import pg from "pg";
import { expect, onTestFinished, test } from "vitest";
import { findBySpelling } from "../../src/adapters/postgres/memory-spelling.ts";
import { openMemoryExtensions } from "../../src/adapters/postgres/memory-extensions.ts";
import { migratePostgres } from "../../src/adapters/postgres/migrate.ts";
import { createPostgresMemory } from "../../src/adapters/postgres/postgres-memory.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { systemRandom } from "../../src/adapters/system/system-random.ts";
import { toCosine } from "../../src/lib/cosine.ts";
import { splitWords } from "../../src/lib/split-words.ts";
import { createLexicalEmbedder } from "../../src/memory/lexical-embedder.ts";
import { toEmbeddedText } from "../../src/memory/memories.ts";
import type { MemoryLanguage } from "../../src/model/memory-language.ts";
import { createInMemoryTelemetry } from "../../src/ports/in-memory-telemetry.ts";
import { toDraft } from "../conformance/memory.ts";
import { newTenant } from "../conformance/store-values.ts";
import { usePostgres } from "../postgres.ts";
import { makeQualitySet, toNdcg, type Query } from "./quality-set.ts";

const postgres = usePostgres();
const embedder = createLexicalEmbedder();
const { signal } = new AbortController();

async function open(language: MemoryLanguage, seed: number) {
  const url = await postgres.freshDatabase();
  await migratePostgres({ url });
  const extensions = await openMemoryExtensions({ url, telemetry: createInMemoryTelemetry() });
  const pool = new pg.Pool({ connectionString: url, max: 2 });
  onTestFinished(() => pool.end());
  const parts = { pool, searches: pool, clock: systemClock, random: systemRandom, withinMs: 5_000 };
  const memory = createPostgresMemory({ ...parts, extensions });
  const plain = createPostgresMemory({ ...parts, extensions: { trigrams: null, vectors: null } });
  const set = makeQualitySet(seed);
  const place = { tenant: newTenant(), scope: "agent:a" };
  const vectors = await embed(set.documents.map(toEmbeddedText));
  for (const [at, { key, text }] of set.documents.entries()) {
    const embedding = { id: embedder.id, version: embedder.version, values: vectors[at]! };
    await memory.write(toDraft(place, { key, text, language, embedding }), { rows: 1_000 });
  }
  const asked = { language, embedder, leastLikeness: embedder.leastLikeness, limit: 10 };
  const keysOf = (found: { hits: readonly { key: string }[] }) => found.hits.map(({ key }) => key);
  const ways: Readonly<Record<string, (text: string) => Promise<readonly string[]>>> = {
    fused: async (text) => {
      const [vector = null] = await embed([text]);
      return keysOf(await memory.search(place, { ...asked, text, vector }));
    },
    words: async (text) => keysOf(await plain.search(place, { ...asked, text, vector: null })),
    // Of all words, not only of those that are not known: as good as it can be by itself.
    spelling: (text) => findBySpelling({ pool, extensions }, { ...place, words: splitWords(text) }),
    vector: async (text) => {
      const [vector] = await embed([text]);
      const likeness = new Map(
        set.documents.map(({ key }, at) => [key, toCosine(vectors[at]!, vector!)]),
      );
      return [...likeness].toSorted((a, b) => b[1] - a[1]).map(([key]) => key);
    },
  };
  return { ...set, ways };
}

async function embed(texts: readonly string[]): Promise<readonly Float32Array[]> {
  return embedder.embed(texts, signal);
}

test("the set is as large and as mixed as it says", () => {
  const { documents, queries } = makeQualitySet(1);
  expect(documents.length).toBeGreaterThanOrEqual(60);
  expect(new Set(documents.map(({ key }) => key)).size).toBe(documents.length);
  const kinds = ["exact", "misspelt", "stems", "identifier"] as const;
  for (const kind of kinds)
    expect(queries.filter((each) => each.kind === kind).length).toBeGreaterThanOrEqual(12);
  expect(makeQualitySet(1)).toEqual({ documents, queries });
  expect(
    toNdcg(
      ["a", "b"],
      new Map([
        ["a", 3],
        ["b", 1],
      ]),
    ),
  ).toBe(1);
  expect(toNdcg(["x", "a"], new Map([["a", 3]]))).toBeCloseTo(0.63, 2);
});

test.each<[MemoryLanguage, number]>([
  ["simple", 1],
  ["simple", 2],
  ["english", 1],
])("in %s, set %d: what is fused is better than each part alone", async (language, seed) => {
  const { queries, ways } = await open(language, seed);
  const means: Record<string, number> = {};
  const table: Record<string, string> = {};
  for (const [name, way] of Object.entries(ways)) {
    const scores: { readonly kind: Query["kind"]; readonly score: number }[] = [];
    for (const { kind, text, grades } of queries)
      scores.push({ kind, score: toNdcg(await way(text), grades) });
    const mean = (of: typeof scores) => of.reduce((sum, { score }) => sum + score, 0) / of.length;
    means[name] = mean(scores);
    const kinds = [...new Set(scores.map(({ kind }) => kind))];
    const each = kinds.map(
      (kind) => `${kind} ${mean(scores.filter((one) => one.kind === kind)).toFixed(3)}`,
    );
    table[name] = `${means[name].toFixed(3)} (${each.join(", ")})`;
  }
  console.info(`nDCG@10, ${language}, set ${seed}:`, table);
  const { fused, ...alone } = means;
  for (const [name, mean] of Object.entries(alone)) expect(fused, name).toBeGreaterThan(mean);
  expect(fused).toBeGreaterThan(0.8);
});
