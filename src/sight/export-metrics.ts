import type { Clock } from "../ports/clock.ts";
import type { MetricsRead } from "../ports/metric-family.ts";
import type { Random } from "../ports/random.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import { sendBatches, type Destination, type Sending } from "./send-batches.ts";

export interface MetricsExportOptions {
  readonly destinations: () => readonly Destination<MetricsRead>[];
  /** What `/metrics` would say at this moment. */
  readonly read: () => Promise<MetricsRead>;
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
}

/** Nothing is kept for whoever is away: counts go on, and the next time has all of them. */
export function exportMetrics({ read, ...options }: MetricsExportOptions): Sending {
  return sendBatches({ ...options, signal: "metrics", next: () => read(), settle: () => false });
}
