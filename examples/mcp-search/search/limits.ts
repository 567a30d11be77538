/** What is beyond them is left out and named, or refused with the reason; nothing is cut silently. */
export const limits = Object.freeze({
  /** Documents of one index. */
  documents: 2_000,
  /** Of one document: a longer one is no text that somebody wrote. */
  documentBytes: 1024 * 1024,
  /** Files and folders that are looked at, and how deep. */
  entries: 20_000,
  depth: 12,
  /** Of one index: all of their vectors are compared with each query. */
  chunks: 20_000,
  /** Characters of a chunk: a few paragraphs. */
  chunkLength: 1_200,
  /** What the chunks above take, with their vectors as text. */
  indexBytes: 128 * 1024 * 1024,
  /** Names of documents that were left out. */
  leftOut: 100,
  pathLength: 500,
  /** Characters of a query, and its words that are looked for. */
  queryLength: 1_000,
  queryWords: 32,
  hits: 20,
  /** Of each of the three lists before they are fused. */
  listed: 100,
});
