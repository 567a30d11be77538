/** A metric with all its series, as they are at one moment; counts are since the process began. */
export type MetricFamily =
  | {
      readonly kind: "counter" | "gauge";
      readonly name: string;
      readonly help: string;
      readonly points: readonly MetricPoint[];
    }
  | {
      readonly kind: "histogram";
      readonly name: string;
      readonly help: string;
      readonly points: readonly HistogramPoint[];
    };

export type MetricLabels = Readonly<Record<string, string>>;

export interface MetricPoint {
  readonly labels: MetricLabels;
  readonly value: number;
}

export interface HistogramPoint {
  readonly labels: MetricLabels;
  /** Upper ones, without the one that has no end. */
  readonly bounds: readonly number[];
  /** Of each bucket for itself, and of what is above all bounds. */
  readonly counts: readonly number[];
  readonly sum: number;
  readonly count: number;
}

export interface MetricsRead {
  /** Since when counts are counted. */
  readonly startMs: number;
  readonly atMs: number;
  readonly families: readonly MetricFamily[];
}
