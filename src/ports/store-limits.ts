/** The bounds of one unit and of one page. What is larger belongs into blobs, or in two units. */
export const storeLimits = {
  /** Events and entries are canonical JSON of one step; contexts are lists of blob digests. */
  payloadBytes: 16 * 1024 * 1024,
  /** Postgres refuses a value of 1 GiB; a blob is held whole in memory several times over. */
  blobBytes: 64 * 1024 * 1024,
  /** Keys, scopes, names: they are indexed, and an index row holds at most 2,704 bytes. */
  nameBytes: 512,
  eventsPerAppend: 1_000,
  entriesPerUnit: 1_000,
  wakesPerUnit: 1_000,
  lettersPerUnit: 1_000,
  blobsPerUnit: 1_000,
  /** One a day and source: what a step costs has a few. */
  costsPerAppend: 1_000,
  /** Letters that may lie in a run's inbox: its owner folds them in when it wakes. */
  lettersUnread: 1_000,
  /** A secret of 64 KiB with its nonce and tag, and room for another format. */
  sealedBytes: 72 * 1024,
  /** A wrapped data key; those of key management services have a few hundred bytes. */
  wrappedBytes: 8 * 1024,
  hostsPerSecret: 32,
  /** Changes of one secret at one replica that wait for each other. */
  waitingPerSecret: 1_000,
  /** Changes of secrets under way at once that may be slow: each holds a connection. */
  slowChanges: 8,
  /** A page never holds more rows than this, whatever was asked for. */
  rowsPerPage: 10_000,
} as const;
