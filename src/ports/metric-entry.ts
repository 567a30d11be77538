/**
 * Every metric, once. Its name on the wire is `countersign_`, the key and, of a counter, `_total`.
 * A label takes only the values listed here, names that the configuration gives, or so many names of
 * tools: what a caller or a server sends cannot make new series without end.
 */
export interface MetricEntry {
  readonly kind: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly labels: Readonly<Record<string, LabelValues>>;
  /** Its name on the wire, where tools of others know one. */
  readonly wire?: string;
  /** Upper bounds, of a histogram. */
  readonly buckets?: readonly number[];
}

/** Whoever samples sees to it that these are names of the configuration, which bounds how many there are. */
export const configured = "configured";

/** Names learned while running: of tools as their pins have them, of tenants. Past so many of a metric in one process they are `other`. */
export const pinned = "pinned";
export const maxPinned = 500;
export const otherTool = "other";

export type LabelValues = readonly string[] | typeof configured | typeof pinned;
