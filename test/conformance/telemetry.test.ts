import { expect, test } from "vitest";
import { createPrometheusTelemetry } from "../../src/adapters/prometheus/prometheus-telemetry.ts";
import { createInMemoryTelemetry } from "../../src/ports/in-memory-telemetry.ts";
import { metrics, toWireName, type MetricName } from "../../src/ports/metrics.ts";
import type { LogLevel } from "../../src/ports/telemetry.ts";
import { describeTelemetry } from "./telemetry.ts";

describeTelemetry("in memory", (level) => {
  const telemetry = createInMemoryTelemetry({ level });
  return {
    telemetry,
    read: async (metric, labels) => {
      const values = telemetry.values(metric, labels);
      return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0);
    },
    lines: () => telemetry.lines,
  };
});

function createPrometheus(level: LogLevel) {
  const lines: string[] = [];
  const telemetry = createPrometheusTelemetry({
    clock: { nowMs: () => 1_700_000_000_000 },
    level: () => level,
    write: (line) => lines.push(line),
  });
  return { telemetry, lines };
}

describeTelemetry("Prometheus and JSON lines", (level) => {
  const { telemetry, lines } = createPrometheus(level);
  return { telemetry, lines: () => lines, read: (...what) => readSample(telemetry, ...what) };
});

async function readSample(
  telemetry: ReturnType<typeof createPrometheus>["telemetry"],
  metric: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<number | undefined> {
  const { text } = await telemetry.expose();
  const name = toWireName(metric as MetricName);
  const suffix = metrics[metric as MetricName].kind === "histogram" ? "_sum" : "";
  const said = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  const series = `${name}${suffix}${said.length === 0 ? "" : `{${said.join(",")}}`}`;
  const line = text.split("\n").find((each) => each.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

test("every metric of the table is exposed with its help, in Prometheus's own text form", async () => {
  const { telemetry } = createPrometheus("info");
  const { contentType, text } = await telemetry.expose();
  expect(contentType).toBe("text/plain; version=0.0.4; charset=utf-8");
  for (const name of Object.keys(metrics) as MetricName[]) {
    expect(text).toContain(`# HELP ${toWireName(name)} ${metrics[name].help}\n`);
    expect(text).toContain(`# TYPE ${toWireName(name)} ${metrics[name].kind}\n`);
  }
});

test("names keep to the conventions: units spelled out, counters without a suffix of their own", () => {
  for (const [name, { kind }] of Object.entries(metrics)) {
    expect(name).toMatch(/^[a-z]+(?:_[a-z]+)*$/);
    expect(name).not.toMatch(/_(?:total|count|sum|bucket|ms)$/);
    expect(kind === "histogram").toBe("buckets" in metrics[name as MetricName]);
  }
});

test("the level is read at every line, and the process is measured when asked", async () => {
  let level: LogLevel = "error";
  const lines: string[] = [];
  const telemetry = createPrometheusTelemetry({
    clock: { nowMs: () => 0 },
    level: () => level,
    write: (line) => lines.push(line),
    withProcess: true,
  });
  telemetry.log("info", "before");
  level = "info";
  telemetry.log("info", "after");
  expect(lines).toEqual(['{"time":"1970-01-01T00:00:00.000Z","level":"info","message":"after"}']);
  expect((await telemetry.expose()).text).toMatch(/^process_resident_memory_bytes \d+/m);
});
