import { createDialer } from "../adapters/dialer/dialer.ts";
import { encodeSpans } from "../adapters/otel/encode-spans.ts";
import { createOtlpSink } from "../adapters/otel/otlp-sink.ts";
import type { TraceDestinationConfig } from "../model/config-telemetry.ts";
import type { RunDesk } from "../ports/run-desk.ts";
import { exportTraces } from "../sight/export-traces.ts";
import type { TraceDestination } from "../sight/trace-destination.ts";
import type { LiveConfiguration } from "./configuration.ts";
import type { GateBase } from "./gate-base.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { RevisionParts } from "./revision-parts.ts";

export interface StartTracesOptions {
  readonly lifecycle: Lifecycle;
  readonly base: GateBase;
  readonly configuration: LiveConfiguration<RevisionParts>;
  readonly runs: RunDesk;
}

/** Sends traces to the destinations of the revision that serves. Without one, nothing is read for it. */
export async function startTraces(options: StartTracesOptions): Promise<void> {
  const { lifecycle, base, configuration, runs } = options;
  const { store, clock, random, telemetry, owner } = base;
  await lifecycle.start({
    name: "traces",
    start: async () =>
      exportTraces({
        rows: store.traces,
        entries: store.entries,
        log: store.log,
        runs,
        bundles: () => configuration.live().parts.bundles,
        owner,
        clock,
        random,
        telemetry,
        destinations: () => listDestinations(options),
      }),
    stop: (started) => started.stop(),
  });
}

function listDestinations({
  configuration,
  base,
}: StartTracesOptions): readonly TraceDestination[] {
  const { config, parts } = configuration.live();
  const { destinations } = config.telemetry.traces;
  return Object.entries(destinations).map(([name, destination]) => ({
    name,
    tenant: destination.tenant,
    keep: toRules(destination.keep),
    hasTexts: destination.content === "redacted",
    drop: destination.drop,
    redact: (text) => parts.traces.scan.redact(text),
    open: () => {
      const { secrets } = parts.traces;
      const means = { secrets, dialer: createDialer(), encode: encodeSpans };
      return createOtlpSink({ ...base, ...destination, ...means });
    },
  }));
}

function toRules({ always, share, slow, expensive }: TraceDestinationConfig["keep"]) {
  return { always, share, slowMs: slow, expensiveMicros: expensive };
}
