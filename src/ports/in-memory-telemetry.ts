import type { Clock } from "./clock.ts";
import { isLogged, renderLogLine } from "./log-line.ts";
import type { Labels } from "./metrics.ts";
import { refuseSample, type Sample } from "./sample.ts";
import type { LogLevel, Telemetry } from "./telemetry.ts";

export interface InMemoryTelemetry extends Telemetry {
  /** The lines as they would stand on stderr. */
  readonly lines: readonly string[];
  /** Of a counter or gauge its value, of a histogram the values observed; undefined: no sample. */
  value(metric: string, labels?: Labels): number | undefined;
  values(metric: string, labels?: Labels): readonly number[];
}

/** Keeps what it is told. Bounded: the oldest lines go, as nobody reads ten thousand in a test. */
const maxLines = 10_000;

export function createInMemoryTelemetry(
  options: { readonly clock?: Pick<Clock, "nowMs">; readonly level?: LogLevel } = {},
): InMemoryTelemetry {
  const { level: least = "debug" } = options;
  const series = new Map<string, number[]>();
  const lines: string[] = [];

  function take(sample: Sample): void {
    const refusal = refuseSample(sample);
    if (refusal !== null) {
      add("telemetry_refusals", { reason: refusal }, 1);
    } else if (sample.kind === "counter") {
      add(sample.metric, sample.labels, sample.value);
    } else {
      const kept =
        sample.kind === "gauge" ? [] : (series.get(toKey(sample.metric, sample.labels)) ?? []);
      series.set(toKey(sample.metric, sample.labels), [...kept, sample.value]);
    }
  }

  function add(metric: string, labels: Labels, by: number): void {
    const [before = 0] = series.get(toKey(metric, labels)) ?? [];
    series.set(toKey(metric, labels), [before + by]);
  }

  return {
    lines,
    value: (metric, labels = {}) => series.get(toKey(metric, labels))?.at(-1),
    values: (metric, labels = {}) => series.get(toKey(metric, labels)) ?? [],
    count: (metric, labels, by = 1) =>
      take({ kind: "counter", metric, labels: labels ?? {}, value: by }),
    observe: (metric, value, labels) =>
      take({ kind: "histogram", metric, labels: labels ?? {}, value }),
    gauge: (metric, value, labels) => take({ kind: "gauge", metric, labels: labels ?? {}, value }),
    log: (level, message, fields = {}) => {
      if (!isLogged(level, least)) return;
      lines.push(renderLogLine({ atMs: options.clock?.nowMs() ?? 0, level, message, fields }));
      if (lines.length > maxLines) lines.shift();
      add("log_lines", { level }, 1);
    },
  };
}

function toKey(metric: string, labels: Labels): string {
  const sorted = Object.keys(labels).toSorted((a, b) => (a < b ? -1 : 1));
  return JSON.stringify([metric, ...sorted.map((name) => [name, labels[name]])]);
}
