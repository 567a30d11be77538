import type { LabelsOf, MetricName, MetricOf } from "../ports/metrics.ts";
import { toWireName } from "../ports/metrics.ts";

/** A metric in PromQL, by its key in the table: rules and dashboards have no other way to name one. */
export function series(name: MetricName, matchers = ""): string {
  return `${toWireName(name)}${toBraces(matchers)}`;
}

/** Of an hour: what share matches. Where nothing does, 0, and not nothing. */
export function partOf(name: MetricName, matchers: string, by: readonly string[]): string {
  const sumOver = (selected: string): string =>
    `sum by (${by.join(", ")}) (increase(${selected}[1h]))`;
  const all = sumOver(series(name));
  return `(${sumOver(series(name, matchers))} or 0 * ${all}) / ${all}`;
}

type HistogramName = MetricOf<"histogram">;

export function countOf(name: HistogramName, matchers = ""): string {
  return `${toWireName(name)}_count${toBraces(matchers)}`;
}

export function sumOf(name: HistogramName, matchers = ""): string {
  return `${toWireName(name)}_sum${toBraces(matchers)}`;
}

/** Observations up to an edge. Newer servers write a whole number with a fraction. */
export function upTo(name: HistogramName, edge: number): string {
  return `${toWireName(name)}_bucket{le=~"${edge}([.]0)?"}`;
}

export interface Quantile<Name extends HistogramName> {
  readonly window: string;
  readonly by?: readonly Extract<keyof LabelsOf<Name>, string>[];
  readonly matchers?: string;
}

export function quantile<Name extends HistogramName>(
  share: number,
  name: Name,
  { window, by = [], matchers = "" }: Quantile<Name>,
): string {
  const kept = ["le", ...by].join(", ");
  const bucket = `${toWireName(name)}_bucket${toBraces(matchers)}`;
  return `histogram_quantile(${share}, sum by (${kept}) (rate(${bucket}[${window}])))`;
}

/** What was observed on average. */
export function mean(name: HistogramName, window: string, matchers = ""): string {
  const of = (part: string): string => `sum(rate(${part}[${window}]))`;
  return `${of(sumOf(name, matchers))} / ${of(countOf(name, matchers))}`;
}

function toBraces(matchers: string): string {
  return matchers === "" ? "" : `{${matchers}}`;
}
