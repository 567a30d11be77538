/** The bounds of one unit and of one page. What is larger belongs into blobs, or in two units. */
export const storeLimits = {
  /** Events and entries are canonical JSON of one step; contexts are lists of blob digests. */
  payloadBytes: 16 * 1024 * 1024,
  /** Postgres refuses a value of 1 GiB; a blob is held whole in memory several times over. */
  blobBytes: 64 * 1024 * 1024,
  /** Keys, scopes, names: they are indexed, and an index row holds at most 2,704 bytes. */
  nameBytes: 512,
  /** The text of one memory. */
  textBytes: 1024 * 1024,
  eventsPerAppend: 1_000,
  entriesPerUnit: 1_000,
  wakesPerUnit: 1_000,
  /** A page never holds more rows than this, whatever was asked for. */
  rowsPerPage: 10_000,
} as const;
