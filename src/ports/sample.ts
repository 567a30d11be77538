import { configured, pinned, type LabelValues, type MetricEntry } from "./metric-entry.ts";
import { metrics, type Labels, type MetricName } from "./metrics.ts";

export interface Sample {
  readonly kind: MetricEntry["kind"];
  readonly metric: string;
  readonly labels: Labels;
  readonly value: number;
}
export type SampleRefusal = "metric" | "labels" | "value";

/** Types keep most mistakes out; this is for what came past them. Null: the sample fits. */
export function refuseSample({ kind, metric, labels, value }: Sample): SampleRefusal | null {
  const entry: MetricEntry | undefined = Object.hasOwn(metrics, metric)
    ? metrics[metric as MetricName]
    : undefined;
  if (entry?.kind !== kind) return "metric";
  const names = Object.keys(labels);
  const fits = names.every(
    (name) => Object.hasOwn(entry.labels, name) && isValue(entry.labels[name]!, labels[name]!),
  );
  if (!fits || names.length !== Object.keys(entry.labels).length) return "labels";
  if (!Number.isFinite(value) || (kind === "counter" && value < 0)) return "value";
  return null;
}

/** As the schema has the names of servers, and of whatever else has one. */
const configuredShape = /^[a-z0-9]+(?:[-_][a-z0-9]+)*$/;
const longestName = 40;

/** As pins have them. Longer ones are known as `other`. */
const pinnedShape = /^[A-Za-z0-9_./-]{1,64}$/;

function isValue(values: LabelValues, value: string): boolean {
  if (typeof value !== "string") return false;
  if (values === pinned) return isToolLabel(value);
  if (values !== configured) return values.includes(value);
  return value.length <= longestName && configuredShape.test(value);
}

/** Whether a tool's name can be a label as it is. */
export function isToolLabel(name: string): boolean {
  return pinnedShape.test(name);
}
