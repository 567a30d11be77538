import { createDialer } from "../../src/adapters/dialer/dialer.ts";
import { encodeSpans } from "../../src/adapters/otel/encode-spans.ts";
import { createOtlpSink } from "../../src/adapters/otel/otlp-sink.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import type { SecretReference } from "../../src/model/secret-reference.ts";
import { keepReasons } from "../../src/model/config-telemetry.ts";
import { createInMemoryTelemetry } from "../../src/ports/in-memory-telemetry.ts";
import { SecretValue, type Secrets } from "../../src/ports/secrets.ts";
import type { RunDesk } from "../../src/ports/run-desk.ts";
import type { Store } from "../../src/ports/store.ts";
import type { Clock } from "../../src/ports/clock.ts";
import { Breaks } from "../../src/sight/breaks.ts";
import { exportRound, type RoundOptions } from "../../src/sight/export-round.ts";
import { LookTimes } from "../../src/sight/look-times.ts";
import type { TraceDestination } from "../../src/sight/trace-destination.ts";
import { own } from "../mcp/agents-scene.ts";

/** Only what a test says is there. */
export const secretsOf = (values: Readonly<Record<string, string>>): Secrets => ({
  resolve: async (reference) => {
    const value = values[reference];
    if (value === undefined) throw new Error(`nobody has ${reference}`);
    return new SecretValue(value);
  },
});

export interface Destining extends Partial<TraceDestination> {
  readonly url: string;
  readonly headers?: Readonly<Record<string, SecretReference | string>>;
  readonly secrets?: Secrets;
  readonly clock?: Clock;
}

export function toDestination(destining: Destining): TraceDestination {
  const { url, headers = {}, secrets = secretsOf({}), clock = systemClock, ...more } = destining;
  return {
    name: "phoenix",
    tenant: own,
    keep: { always: keepReasons, share: 1, slowMs: 30_000, expensiveMicros: 500_000 },
    hasTexts: false,
    drop: [],
    redact: (text) => text,
    open: () =>
      createOtlpSink({
        url,
        encode: encodeSpans,
        private: true,
        headers,
        secrets,
        dialer: createDialer(),
        clock,
        version: "1.2.3",
      }),
    ...more,
  };
}

export interface Exporting {
  readonly store: Pick<Store, "traces" | "entries" | "log">;
  readonly desk: RunDesk;
  readonly destination: TraceDestination;
  readonly owner?: string;
  readonly more?: Partial<RoundOptions>;
}

/** One round of one process. */
export function createExporter({ store, desk, destination, owner = "one", more }: Exporting) {
  const telemetry = createInMemoryTelemetry();
  const options: RoundOptions = {
    rows: store.traces,
    entries: store.entries,
    log: store.log,
    runs: desk,
    bundles: () => ({ read: async () => null }),
    owner,
    clock: systemClock,
    telemetry,
    destination,
    looks: new LookTimes(),
    breaks: new Breaks(),
    signal: new AbortController().signal,
    ...more,
  };
  return { telemetry, options, round: () => exportRound(options) };
}
