import { metrics, toWireName, type MetricName } from "../../src/ports/metrics.ts";
import type { MetricEntry } from "../../src/ports/metric-entry.ts";
import { recordedRules } from "../../src/sight/burn-rates.ts";

export interface Selector {
  readonly name: string;
  readonly labels: readonly string[];
}

/** Words of the language itself, of those that are used. */
const words = new Set([
  ..."sum avg max min count by on and or unless bool offset without ignoring".split(" "),
  ..."rate increase histogram_quantile label_replace avg_over_time".split(" "),
]);

/** The selectors of an expression. Enough of the grammar for ours: promtool parses the whole of it. */
export function readSelectors(expr: string): readonly Selector[] {
  const strings = expr.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""');
  const plain = strings
    .replaceAll(/\b(?:by|on|without|ignoring)\s*\([^)]*\)/g, " ")
    .replaceAll(/\[[^\]]*\]/g, " ");
  const found: Selector[] = [];
  for (const [, name = "", braces = ""] of plain.matchAll(
    /([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(?:\{([^}]*)\})?/g,
  )) {
    if (words.has(name)) continue;
    const labels = [...braces.matchAll(/([a-zA-Z_]\w*)\s*(?:=~|!~|!=|=)/g)].map(
      ([, each]) => each!,
    );
    found.push({ name, labels });
  }
  return found;
}

/** Labels that a query groups by. */
export function readGrouping(expr: string): readonly string[] {
  return [...expr.matchAll(/\b(?:by|on)\s*\(([^)]*)\)/g)].flatMap(([, list = ""]) =>
    list
      .split(",")
      .map((each) => each.trim())
      .filter((each) => each !== ""),
  );
}

/** Every series that there can be, by its name, with its labels. */
export function listSeries(): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, readonly string[]>(foreign);
  for (const name of Object.keys(metrics) as MetricName[]) {
    const entry: MetricEntry = metrics[name];
    const labels = Object.keys(entry.labels);
    const wire = toWireName(name);
    if (entry.kind !== "histogram") found.set(wire, labels);
    else {
      found.set(`${wire}_bucket`, [...labels, "le"]);
      found.set(`${wire}_sum`, labels);
      found.set(`${wire}_count`, labels);
    }
  }
  for (const { record } of recordedRules) found.set(record, ["slo"]);
  return found;
}

/** Of Prometheus itself, the exporter of NVIDIA's DCGM and vLLM, as their pages list them. */
const foreign: readonly (readonly [string, readonly string[]])[] = [
  ["up", ["job", "instance"]],
  ["DCGM_FI_DEV_GPU_UTIL", ["gpu", "Hostname"]],
  ["vllm:num_requests_running", ["model_name"]],
  ["vllm:num_requests_waiting", ["model_name"]],
  ["vllm:kv_cache_usage_perc", ["model_name"]],
];
