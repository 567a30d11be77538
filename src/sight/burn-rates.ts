import type { Alert } from "./alert.ts";
import { slos, type Slo } from "./slos.ts";

/** What is computed once for several alerts. */
export interface Recorded {
  readonly record: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
}

interface Burn {
  readonly long: string;
  readonly short: string;
  /** So many times faster than the budget of 30 days allows. */
  readonly factor: number;
}

/** A long window says that it matters, a short one that it still goes on. */
const burns: Readonly<Record<Alert["severity"], readonly Burn[]>> = {
  page: [
    { long: "1h", short: "5m", factor: 14.4 },
    { long: "6h", short: "30m", factor: 6 },
  ],
  ticket: [
    { long: "1d", short: "2h", factor: 3 },
    { long: "3d", short: "6h", factor: 1 },
  ],
};

/** One failure of three is no trend: below so many events there is no alert. */
const leastEvents = 10;
const eventsWindow: Readonly<Record<Alert["severity"], string>> = { page: "1h", ticket: "1d" };

const windows = ["5m", "30m", "1h", "2h", "6h", "1d", "3d"];

export const recordedRules: readonly Recorded[] = slos.flatMap((slo) => [
  ...windows.map((window) => ({
    record: toBad(window),
    expr: slo.bad(window),
    labels: { slo: slo.name },
  })),
  ...Object.values(eventsWindow).map((window) => ({
    record: toEvents(window),
    expr: slo.events(window),
    labels: { slo: slo.name },
  })),
]);

export const burnAlerts: readonly Alert[] = slos.flatMap((slo) => [
  toAlert(slo, "page"),
  toAlert(slo, "ticket"),
]);

function toAlert(slo: Slo, severity: Alert["severity"]): Alert {
  const is = `{slo="${slo.name}"}`;
  const budget = 1 - slo.objective;
  const burnt = burns[severity].map(({ long, short, factor }) => {
    const most = Number((factor * budget).toFixed(6));
    return `(${toBad(long)}${is} > ${most} and ${toBad(short)}${is} > ${most})`;
  });
  const enough = `${toEvents(eventsWindow[severity])}${is} >= ${leastEvents}`;
  return {
    name: `Countersign${toCamel(slo.name)}Burn`,
    severity,
    for: severity === "page" ? "2m" : "15m",
    expr: `(${burnt.join(" or ")}) and ${enough}`,
    summary: `${slo.title}: what may fail in 30 days is used up ${severity === "page" ? "within days" : "before they are over"}.`,
  };
}

function toBad(window: string): string {
  return `countersign:slo_bad:ratio_rate${window}`;
}

function toEvents(window: string): string {
  return `countersign:slo_events:increase${window}`;
}

function toCamel(name: string): string {
  return name
    .split("_")
    .map((word) => word[0]!.toUpperCase() + word.slice(1))
    .join("");
}
