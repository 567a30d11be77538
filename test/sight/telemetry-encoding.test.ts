import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeLogs } from "../../src/adapters/otel/encode-logs.ts";
import { encodeMetrics } from "../../src/adapters/otel/encode-metrics.ts";
import { createPrometheusTelemetry } from "../../src/adapters/prometheus/prometheus-telemetry.ts";
import { parseLogLine, renderLogLine } from "../../src/ports/log-line.ts";
import { seed } from "../scale.ts";
import {
  decodeLogs,
  decodeMetrics,
  readMetricsResource,
  toExposition,
} from "./decode-telemetry.ts";

const version = "1.2.3";
const startMs = 1_700_000_000_000;

test("metrics are read by the official messages as /metrics has them, since the process began", async () => {
  let nowMs = startMs;
  const telemetry = createPrometheusTelemetry({
    clock: { nowMs: () => nowMs },
    level: () => "info",
    write: () => undefined,
    withProcess: true,
  });
  telemetry.count("tool_calls", { server: "bank", tool_name: "pay", outcome: "answered" }, 3);
  for (const seconds of [0.1, 0.2, 0.3, 700])
    telemetry.observe("tool_call_seconds", seconds, { server: "bank", tool_name: "pay" });
  telemetry.gauge("gate_parked", 2, {});
  nowMs += 60_000;
  const { text } = await telemetry.expose();
  const metrics = decodeMetrics(encodeMetrics(await telemetry.read(), { version }));
  const lines = toExposition(metrics);
  const own = (line: string): boolean => /^(countersign|mcp)_/.test(line);
  expect(lines.filter(own).toSorted()).toEqual(text.split("\n").filter(own).toSorted());
  expect(lines.some((line) => line.startsWith("process_resident_memory_bytes "))).toBe(true);

  const [startNano, nano] = [`${startMs}000000`, `${nowMs}000000`];
  const calls = metrics.find(({ name }) => name === "mcp_tool_call_total")!;
  expect(calls.sum).toMatchObject({ aggregationTemporality: 2, isMonotonic: true });
  expect(calls.sum!.dataPoints[0]).toMatchObject({
    startTimeUnixNano: startNano,
    timeUnixNano: nano,
  });
  const seconds = metrics.find(({ name }) => name === "mcp_tool_call_duration_seconds")!;
  expect(seconds.histogram).toMatchObject({ aggregationTemporality: 2 });
  expect(seconds.histogram!.dataPoints[0]!.explicitBounds).toContain(0.2);
  expect(seconds.histogram!.dataPoints[0]!.bucketCounts!.at(-1)).toBe("1");
  const parked = metrics.find(({ name }) => name === "countersign_gate_parked")!;
  expect(parked.gauge!.dataPoints).toEqual([{ timeUnixNano: nano, asDouble: 2 }]);
});

test("counts of replicas are apart from each other", () => {
  const read = { startMs, atMs: startMs, families: [] };
  expect(readMetricsResource(encodeMetrics(read, { version, instance: "one" }))).toEqual({
    "service.name": "countersign",
    "service.version": version,
    "service.instance.id": "one",
  });
});

test("whatever is logged is read by the official messages as it was written", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "binary" }),
      fc.dictionary(fc.string({ minLength: 1 }), fc.jsonValue({ stringUnit: "binary" })),
      (message, given) => {
        const { time: _time, level: _level, message: _message, trace: _trace, ...fields } = given;
        const line = renderLogLine({ atMs: startMs + 7, level: "warn", message, fields });
        const [read] = decodeLogs(encodeLogs([parseLogLine(line)], { version }));
        // A negative zero has no text of its own.
        expect(read).toEqual(JSON.parse(line.replaceAll("-0,", "0,")));
      },
    ),
    { seed: seed(), numRuns: 300 },
  );
});

test("a trace's id is where those look for it who join logs and traces; what is none stays a field", () => {
  const trace = "0af7651916cd43dd8448eb211c80319c";
  const toLine = (fields: object) =>
    parseLogLine(renderLogLine({ atMs: 0, level: "info", message: "call", fields: { ...fields } }));
  const records = [{ trace }, { trace: "0".repeat(32) }, { trace: null }].map(toLine);
  const read = decodeLogs(encodeLogs(records, { version }));
  expect(read.map((each) => each["trace"])).toEqual([trace, "0".repeat(32), null]);
  const bytes = Buffer.from(encodeLogs(records.slice(0, 1), { version }));
  expect(bytes.includes(Buffer.from(trace, "hex"))).toBe(true);
  expect(bytes.includes(trace)).toBe(false);
});
