import type { LabelsOf, MetricOf } from "./metrics.ts";

/**
 * Where metrics and log lines go. Names and label values come from the one metric table in
 * `metrics.ts`. Nothing here throws: telemetry never fails the work that it describes.
 */
export interface Telemetry {
  count<Name extends MetricOf<"counter">>(metric: Name, labels?: LabelsOf<Name>, by?: number): void;
  observe<Name extends MetricOf<"histogram">>(
    metric: Name,
    value: number,
    labels?: LabelsOf<Name>,
  ): void;
  gauge<Name extends MetricOf<"gauge">>(metric: Name, value: number, labels?: LabelsOf<Name>): void;
  log(level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>): void;
}
export type LogLevel = "debug" | "info" | "warn" | "error";
