import { createDialer } from "../adapters/dialer/dialer.ts";
import { encodeLogs } from "../adapters/otel/encode-logs.ts";
import { encodeMetrics } from "../adapters/otel/encode-metrics.ts";
import { createOtlpSink } from "../adapters/otel/otlp-sink.ts";
import type { EncodingOptions } from "../adapters/otel/write-request.ts";
import type { LineLog } from "../lib/line-log.ts";
import type { PlainDestinationConfig } from "../model/config-telemetry.ts";
import type { Config } from "../model/config.ts";
import type { MetricsRead } from "../ports/metric-family.ts";
import { exportLogs, type LogBatch } from "../sight/export-logs.ts";
import { exportMetrics } from "../sight/export-metrics.ts";
import type { Destination } from "../sight/send-batches.ts";
import type { LiveConfiguration } from "./configuration.ts";
import type { GateBase } from "./gate-base.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { RevisionParts } from "./revision-parts.ts";

/** What this process says of itself, as it is said on its own machine. */
export interface OwnWords {
  readonly lines: LineLog;
  readonly readMetrics: () => Promise<MetricsRead>;
}

export interface StartTelemetryOptions extends OwnWords {
  readonly lifecycle: Lifecycle;
  readonly base: GateBase;
  readonly configuration: LiveConfiguration<RevisionParts>;
}

/** Sends metrics and log lines to the destinations of the revision that serves. */
export async function startTelemetry(options: StartTelemetryOptions): Promise<void> {
  const { lifecycle, base, configuration, lines, readMetrics } = options;
  await lifecycle.start({
    name: "metrics destinations",
    start: async () =>
      exportMetrics({
        ...base,
        read: readMetrics,
        destinations: createListing(options, {
          listed: ({ metrics }) => metrics.destinations,
          encode: encodeMetrics,
        }),
      }),
    stop: (started) => started.stop(),
  });
  await lifecycle.start({
    name: "logs destinations",
    start: async () =>
      exportLogs({
        ...base,
        tap: lines.tap,
        redact: (line) => configuration.live().parts.traces.scan.redact(line),
        destinations: createListing<LogBatch>(options, {
          listed: ({ logs }) => logs.destinations,
          encode: ({ records }, encoding) => encodeLogs(records, encoding),
        }),
      }),
    stop: (started) => started.stop(),
  });
}

interface Listing<Batch> {
  readonly listed: (
    config: Config["telemetry"],
  ) => Readonly<Record<string, PlainDestinationConfig>>;
  readonly encode: (batch: Batch, options: EncodingOptions) => Uint8Array;
}

/** The same objects for as long as one revision serves: with another one come other connections. */
function createListing<Batch>(
  { base, configuration }: StartTelemetryOptions,
  { listed, encode }: Listing<Batch>,
): () => readonly Destination<Batch>[] {
  const known = new WeakMap<RevisionParts, readonly Destination<Batch>[]>();
  return () => {
    const { config, parts } = configuration.live();
    const found = known.get(parts);
    if (found !== undefined) return found;
    const { secrets } = parts.traces;
    const made = Object.entries(listed(config.telemetry)).map(([name, destination]) => ({
      name,
      intervalMs: destination.interval,
      open: () => {
        // Counts of replicas are apart from each other, and each begins anew with its process.
        const means = { secrets, dialer: createDialer(), encode, instance: base.owner };
        return createOtlpSink<Batch>({ ...base, ...destination, ...means });
      },
    }));
    known.set(parts, made);
    return made;
  };
}
