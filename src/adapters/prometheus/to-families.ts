import type { Registry } from "prom-client";
import type { HistogramPoint, MetricFamily, MetricLabels } from "../../ports/metric-family.ts";

type Read = Awaited<ReturnType<Registry["getMetricsAsJSON"]>>[number];
/** Values of histograms say which one they are; the library's types leave it out. */
type Value = Read["values"][number] & { readonly metricName?: string };

/** What a registry holds, as values of ours. Nothing in the house makes summaries. */
export function toFamilies(read: readonly Read[]): readonly MetricFamily[] {
  return read.map((family): MetricFamily => {
    const { name, help, values } = family;
    // Typed as an enumeration, and written as its name.
    const kind = String(family.type);
    if (kind === "histogram") return { kind, name, help, points: toHistograms(values) };
    if (kind !== "counter" && kind !== "gauge") throw new Error(`${name} is a ${kind}`);
    const points = values.map(({ labels, value }) => ({ labels: toTexts(labels), value }));
    return { kind, name, help, points };
  });
}

function toTexts(labels: Value["labels"]): MetricLabels {
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, String(value)]));
}

interface Series {
  readonly labels: MetricLabels;
  readonly bounds: number[];
  /** Of a bucket and all below it. */
  readonly below: number[];
  sum: number;
  count: number;
}

/** A series is several values there: one a bucket, its sum and its count. */
function toHistograms(values: readonly Value[]): readonly HistogramPoint[] {
  const series = new Map<string, Series>();
  for (const { labels, value, metricName = "" } of values) {
    const { le, ...own } = labels;
    const texts = toTexts(own);
    const key = JSON.stringify(texts);
    const one = series.get(key) ?? { labels: texts, bounds: [], below: [], sum: 0, count: 0 };
    series.set(key, one);
    if (metricName.endsWith("_sum")) one.sum = value;
    else if (metricName.endsWith("_count")) one.count = value;
    else if (le !== undefined && le !== "+Inf") {
      one.bounds.push(Number(le));
      one.below.push(value);
    }
  }
  return [...series.values()].map(({ below, ...one }) => {
    const all = [...below, one.count];
    return { ...one, counts: all.map((count, at) => count - (all[at - 1] ?? 0)) };
  });
}
