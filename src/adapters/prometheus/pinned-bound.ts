import { maxPinned, otherTool, pinned, type MetricEntry } from "../../ports/metric-entry.ts";
import { metrics, type Labels, type MetricName } from "../../ports/metrics.ts";
import type { Sample } from "../../ports/sample.ts";

/**
 * Names of tools come from servers, which can change them for ever: so many of a metric have series of
 * their own, the others share one a server. Takes samples that fit the table.
 */
export function createPinnedBound(): (sample: Sample) => Labels {
  const taken = new Map<string, Set<string>>();
  return ({ metric, labels }) => {
    const entry: MetricEntry = metrics[metric as MetricName];
    const isListed = (label: string): boolean => typeof entry.labels[label] !== "string";
    const names = Object.keys(entry.labels).filter((label) => entry.labels[label] === pinned);
    if (names.length === 0) return labels;
    const owner = Object.keys(entry.labels).filter((label) => !isListed(label));
    const key = owner.map((label) => labels[label]).join("\n");
    const known = taken.get(metric) ?? new Set<string>();
    taken.set(metric, known);
    if (known.has(key)) return labels;
    if (known.size < maxPinned) {
      known.add(key);
      return labels;
    }
    return { ...labels, ...Object.fromEntries(names.map((name) => [name, otherTool])) };
  };
}
