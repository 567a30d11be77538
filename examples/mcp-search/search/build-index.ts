import { setTimeout as sleep } from "node:timers/promises";
import { cutChunks } from "./cut-chunks.ts";
import type { Embedder } from "./embedders.ts";
import type { Chunk, Index } from "./index-file.ts";
import { limits } from "./limits.ts";
import type { Folder, Found, LeftOut } from "./read-folder.ts";

export interface BuildOptions {
  readonly embedder: Embedder;
  /** What was built before; used as far as it is of the same embedder and version. */
  readonly known: Index | null;
  /** Between two batches, so that the machine is left to others. */
  readonly pauseMs: number;
  readonly onProgress: (done: number, of: number) => void;
  readonly signal: AbortSignal;
}

/** Chunks embedded in one go. */
const batch = 16;

/** What lies in the folder, as one new index; unchanged documents keep the vectors that they have. */
export async function buildIndex(folder: Folder, options: BuildOptions): Promise<Index> {
  const { embedder } = options;
  const keeps = createKeeps(options);
  const leftOut: LeftOut[] = [...folder.leftOut];
  const drafts: Draft[] = [];
  let count = 0;
  for (const found of folder.documents) {
    const kept = keeps(found);
    const cuts = kept ?? cutChunks(found.text);
    if (count + cuts.length > limits.chunks) {
      leftOut.push({ path: found.path, why: `is beyond ${limits.chunks} chunks` });
      continue;
    }
    count += cuts.length;
    const indexedAt = kept?.[0]?.document.indexedAt ?? new Date().toISOString();
    const document = { path: found.path, digest: found.digest, indexedAt };
    drafts.push(kept === null ? { document, cuts } : { document, kept });
  }
  const chunks = await embedAll(drafts, count, options);
  return {
    embedder,
    writtenAt: new Date().toISOString(),
    documents: drafts.map(({ document }) => document),
    chunks,
    leftOut: leftOut.slice(0, limits.leftOut),
  };
}

type Draft = { readonly document: Chunk["document"] } & (
  | { readonly kept: readonly Chunk[] }
  | { readonly cuts: ReturnType<typeof cutChunks> }
);

/** The chunks of a document that was indexed as it is now, by the same embedder in the same version. */
function createKeeps({ known, embedder }: BuildOptions) {
  const kept = new Map<string, Chunk[]>();
  if (known?.embedder === embedder) {
    for (const chunk of known.chunks) {
      const key = toKey(chunk.document);
      const chunks = kept.get(key) ?? [];
      kept.set(key, chunks);
      chunks.push(chunk);
    }
  }
  return (found: Found): readonly Chunk[] | null => kept.get(toKey(found)) ?? null;
}

const toKey = ({ path, digest }: { readonly path: string; readonly digest: string }): string =>
  `${path}\n${digest}`;

async function embedAll(
  drafts: readonly Draft[],
  count: number,
  { embedder, pauseMs, onProgress, signal }: BuildOptions,
): Promise<readonly Chunk[]> {
  const chunks: Chunk[] = [];
  let sinceBatch = 0;
  for (const draft of drafts) {
    const { document } = draft;
    if ("kept" in draft) {
      chunks.push(...draft.kept.map((chunk) => ({ ...chunk, document })));
      continue;
    }
    for (const cut of draft.cuts) {
      chunks.push({ ...cut, document, vector: embedder.embed(`${cut.heading}\n${cut.text}`) });
      sinceBatch += 1;
      if (sinceBatch < batch) continue;
      sinceBatch = 0;
      onProgress(chunks.length, count);
      await sleep(pauseMs, undefined, { signal });
    }
  }
  return chunks;
}

/** Whether the index says what the folder says now. */
export function isSame({ documents, leftOut }: Index, folder: Folder): boolean {
  const beyond = leftOut.filter(({ why }) => why.startsWith("is beyond")).map(({ path }) => path);
  const wanted = folder.documents.filter(({ path }) => !beyond.includes(path));
  return (
    documents.length === wanted.length &&
    wanted.every((each, at) => toKey(each) === toKey(documents[at]!)) &&
    folder.leftOut
      .slice(0, limits.leftOut - beyond.length)
      .every((each, at) => leftOut[at]?.path === each.path && leftOut[at].why === each.why)
  );
}
