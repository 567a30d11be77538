/** Where metrics and log lines go. Names come from the one metric table; labels are bounded there. */
export interface Telemetry {
  count(metric: string, labels?: Labels, by?: number): void;
  observe(metric: string, value: number, labels?: Labels): void;
  gauge(metric: string, value: number, labels?: Labels): void;
  log(level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>): void;
}
export type Labels = Readonly<Record<string, string>>;
export type LogLevel = "debug" | "info" | "warn" | "error";
