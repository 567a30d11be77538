import type { MetricName } from "./metrics.ts";

/** One value of a metric as this process has it, with its labels. */
export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  /** Of a histogram there are several; a bucket has its upper bound as `le`, and counts what is below it. */
  readonly part: "value" | "bucket" | "sum" | "count";
}

export type ReadSeries = (metric: MetricName) => Promise<readonly Series[]>;
