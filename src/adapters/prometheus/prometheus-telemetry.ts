import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import type { Clock } from "../../ports/clock.ts";
import { isLogged, renderLogLine } from "../../ports/log-line.ts";
import type { MetricEntry } from "../../ports/metric-entry.ts";
import type { MetricsRead } from "../../ports/metric-family.ts";
import { metrics, toWireName, type MetricName } from "../../ports/metrics.ts";
import { refuseSample, type Sample } from "../../ports/sample.ts";
import type { Series } from "../../ports/series.ts";
import type { LogLevel, Telemetry } from "../../ports/telemetry.ts";
import { createPinnedBound } from "./pinned-bound.ts";
import { toFamilies } from "./to-families.ts";

export interface PrometheusTelemetryOptions {
  readonly clock: Pick<Clock, "nowMs">;
  /** Takes one line without its line break; standard error in production. */
  readonly write: (line: string) => void;
  /** Read at every line: a new revision may change it. */
  readonly level: () => LogLevel;
  /** Adds memory, CPU, event loop and garbage collection of this process. */
  readonly withProcess?: boolean;
}

export interface PrometheusTelemetry extends Telemetry {
  /** The text of `/metrics`. */
  expose(): Promise<{ readonly contentType: string; readonly text: string }>;
  /** The same as values: what is sent to others. */
  read(): Promise<MetricsRead>;
  /** What was sampled of one metric so far. */
  series(metric: MetricName): Promise<readonly Series[]>;
}

type Instrument = Counter | Gauge | Histogram;

/** Metrics in prom-client, log lines as JSON; each instance has a registry of its own. */
export function createPrometheusTelemetry(
  options: PrometheusTelemetryOptions,
): PrometheusTelemetry {
  const registry = new Registry();
  const instruments = new Map<string, Instrument>(
    (Object.keys(metrics) as MetricName[]).map((name) => [name, createInstrument(name, registry)]),
  );
  if (options.withProcess === true) collectDefaultMetrics({ register: registry });

  const known = createKnown();
  const bound = createPinnedBound();
  const pending: Pending[] = [];

  function take(sample: Sample): void {
    const isSound = Number.isFinite(sample.value) && sample.value >= 0;
    const record = isSound ? known.find(sample) : undefined;
    if (record !== undefined) return record(sample.value);
    if (isSound && refuseSample(sample) === null) {
      const labels = bound(sample);
      // One of the many others is looked up each time: what is kept is bounded, too.
      if (labels !== sample.labels) return takeOdd({ ...sample, labels });
      const found = toRecorder(instruments.get(sample.metric)!, labels, pending);
      known.note(sample, found);
      return found(sample.value);
    }
    return takeOdd(sample);
  }

  function takeOdd(sample: Sample): void {
    const refusal = refuseSample(sample);
    const instrument = instruments.get(refusal === null ? sample.metric : "telemetry_refusals");
    const labels = refusal === null ? sample.labels : { reason: refusal };
    const value = refusal === null ? sample.value : 1;
    if (instrument instanceof Counter) instrument.inc(labels, value);
    else if (instrument instanceof Gauge) instrument.set(labels, value);
    else instrument?.observe(labels, value);
  }

  return {
    count: (metric, labels, by = 1) =>
      take({ kind: "counter", metric, labels: labels ?? {}, value: by }),
    observe: (metric, value, labels) =>
      take({ kind: "histogram", metric, labels: labels ?? {}, value }),
    gauge: (metric, value, labels) => take({ kind: "gauge", metric, labels: labels ?? {}, value }),
    log: (level, message, fields = {}) => {
      if (!isLogged(level, options.level())) return;
      take({ kind: "counter", metric: "log_lines", labels: { level }, value: 1 });
      options.write(renderLogLine({ atMs: options.clock.nowMs(), level, message, fields }));
    },
    ...createReading({ registry, instruments, pending, clock: options.clock }),
  };
}

interface Reading {
  readonly registry: Registry;
  readonly instruments: ReadonlyMap<string, Instrument>;
  readonly pending: readonly Pending[];
  readonly clock: PrometheusTelemetryOptions["clock"];
}

/** What was sampled so far. */
function createReading({
  registry,
  instruments,
  pending,
  clock,
}: Reading): Pick<PrometheusTelemetry, "expose" | "read" | "series"> {
  const startMs = clock.nowMs();
  return {
    expose: async () => {
      for (const flush of pending) flush();
      return { contentType: registry.contentType, text: await registry.metrics() };
    },
    read: async () => {
      for (const flush of pending) flush();
      const families = toFamilies(await registry.getMetricsAsJSON());
      return { startMs, atMs: clock.nowMs(), families };
    },
    series: async (metric) => {
      for (const flush of pending) flush();
      const { values } = await instruments.get(metric)!.get();
      return values.map(({ labels, value, ...rest }) => ({
        labels: Object.fromEntries(
          Object.entries(labels).map(([name, each]) => [name, String(each)]),
        ),
        value,
        part: toPart(rest, metric),
      }));
    },
  };
}

/** Of a histogram `bucket`, `sum` and `count`; everything else is one value. */
function toPart(value: object, metric: MetricName): Series["part"] {
  if (metrics[metric].kind !== "histogram" || !("metricName" in value)) return "value";
  const name = String(value.metricName);
  if (name.endsWith("_bucket")) return "bucket";
  return name.endsWith("_sum") ? "sum" : "count";
}

type Write = (value: number) => void;
/** Adds up into the counter what was counted since. */
type Pending = () => void;

interface Known {
  readonly kind: string;
  readonly label: string;
  readonly record: Write;
}

/** What was looked up once for a metric and its labels; most have none, or one. */
function createKnown() {
  const known = new Map<string, Write>();
  const toKey = ({ kind, metric, labels }: Sample): string => {
    let key = `${kind}\n${metric}`;
    for (const label in labels) key += `\n${label}\n${labels[label]}`;
    return key;
  };
  const single = new Map<string, Map<string, Known>>();
  // Labels that cannot change and come again are known as they are, without a key being made of them.
  const frozen = new WeakMap<
    Sample["labels"],
    Pick<Sample, "kind" | "metric"> & { readonly record: Write }
  >();
  return {
    find(sample: Sample): Write | undefined {
      const kept = frozen.get(sample.labels);
      if (kept?.metric === sample.metric && kept.kind === sample.kind) return kept.record;
      let label = "";
      let count = 0;
      for (const each in sample.labels) {
        label = each;
        count += 1;
      }
      if (count > 1) {
        const record = known.get(toKey(sample));
        if (record !== undefined && Object.isFrozen(sample.labels))
          frozen.set(sample.labels, { kind: sample.kind, metric: sample.metric, record });
        return record;
      }
      const found = single.get(sample.metric)?.get(sample.labels[label] ?? "");
      return found?.kind === sample.kind && found.label === label ? found.record : undefined;
    },
    note(sample: Sample, record: Write): void {
      const labels = Object.keys(sample.labels);
      if (labels.length > 1) return void known.set(toKey(sample), record);
      const [label = ""] = labels;
      const ofMetric = single.get(sample.metric) ?? new Map<string, Known>();
      single.set(sample.metric, ofMetric);
      ofMetric.set(sample.labels[label] ?? "", { kind: sample.kind, label, record });
    },
  };
}

/** The child of these labels, so that they are not looked up for each sample. */
function toRecorder(
  instrument: Instrument,
  labels: Readonly<Record<string, string>>,
  pending: Pending[],
): Write {
  if (instrument instanceof Counter) {
    const child = instrument.labels(labels);
    let since = 0;
    // A child hashes its labels at each sample; whoever scrapes is rarer.
    pending.push(() => {
      child.inc(since);
      since = 0;
    });
    return (value) => {
      since += value;
    };
  }
  if (instrument instanceof Gauge) {
    const child = instrument.labels(labels);
    return (value) => child.set(value);
  }
  const child = instrument.labels(labels);
  return (value) => child.observe(value);
}

function createInstrument(key: MetricName, registry: Registry): Instrument {
  const { kind, help, labels, buckets }: MetricEntry = metrics[key];
  const common = {
    name: toWireName(key),
    help,
    labelNames: Object.keys(labels),
    registers: [registry],
  };
  switch (kind) {
    case "counter":
      return startAtZero(new Counter(common), labels);
    case "gauge":
      return new Gauge(common);
    case "histogram":
      return new Histogram({
        ...common,
        ...(buckets === undefined ? {} : { buckets: [...buckets] }),
      });
  }
}

/** Where all values of its labels are known: a series that begins with 1 has no rate, so the first is not seen. */
function startAtZero(counter: Counter, labels: MetricEntry["labels"]): Counter {
  let series: Record<string, string>[] = [{}];
  for (const [label, values] of Object.entries(labels)) {
    if (typeof values === "string") return counter;
    series = series.flatMap((each) => values.map((value) => ({ ...each, [label]: value })));
  }
  for (const each of series) counter.inc(each, 0);
  return counter;
}
