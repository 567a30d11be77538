import { expect, test } from "vitest";
import { cutChunks } from "../../examples/mcp-search/search/cut-chunks.ts";
import { embedders } from "../../examples/mcp-search/search/embedders.ts";
import { openIndex } from "../../examples/mcp-search/search/find.ts";
import { makeQualitySet, toNdcg } from "../memory/quality-set.ts";

function open(version: string, seed: number) {
  const { documents, queries } = makeQualitySet(seed);
  const embedder = embedders.get(version)!;
  const indexedAt = "2026-01-01T00:00:00.000Z";
  const chunks = documents.flatMap(({ key, text }) =>
    cutChunks(text).map((cut) => ({
      ...cut,
      document: { path: key, digest: "", indexedAt },
      vector: embedder.embed(`${cut.heading}\n${cut.text}`),
    })),
  );
  const index = { embedder, writtenAt: indexedAt, documents: [], chunks, leftOut: [] };
  const { find, byWords, bySpelling, byVector } = openIndex(index);
  const toPaths = (places: readonly number[]) => places.map((at) => chunks[at]!.document.path);
  const ways: Readonly<Record<string, (query: string) => readonly string[]>> = {
    fused: (query) => find(query, 10).map(({ chunk }) => chunk.document.path),
    words: (query) => toPaths(byWords(query)),
    spelling: (query) => toPaths(bySpelling(query)),
    vector: (query) => toPaths(byVector(query)),
  };
  return { queries, ways };
}

test.each([
  ["1", 1],
  ["1", 2],
  ["1", 3],
  ["2", 1],
  ["2", 2],
])("by embedder %s, set %d: what is fused is better than each part alone", (version, seed) => {
  const { queries, ways } = open(version, seed);
  const means: Record<string, number> = {};
  for (const [name, way] of Object.entries(ways)) {
    const scores = queries.map(({ text, grades }) => toNdcg(way(text), grades));
    means[name] = scores.reduce((sum, score) => sum + score, 0) / scores.length;
  }
  console.info(`nDCG@10, embedder ${version}, set ${seed}:`, means);
  const { fused, ...alone } = means;
  for (const [name, mean] of Object.entries(alone)) expect(fused, name).toBeGreaterThan(mean);
  expect(fused).toBeGreaterThan(0.84);
});
