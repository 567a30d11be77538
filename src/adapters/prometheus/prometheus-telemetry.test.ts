import { expect, test } from "vitest";
import { maxPinned } from "../../ports/metric-entry.ts";
import { createPrometheusTelemetry } from "./prometheus-telemetry.ts";

function create() {
  return createPrometheusTelemetry({
    clock: { nowMs: () => 0 },
    level: () => "info",
    write: () => undefined,
  });
}

async function read(telemetry: ReturnType<typeof create>, series: string): Promise<number | null> {
  const { text } = await telemetry.expose();
  const line = text.split("\n").find((each) => each.startsWith(`${series} `));
  return line === undefined ? null : Number(line.slice(series.length + 1));
}

test("a server that names its tools anew for ever gets so many series, and one for all the others", async () => {
  const telemetry = create();
  const count = (name: string): void =>
    telemetry.count("tool_calls", { server: "shop", tool_name: name, outcome: "answered" });
  for (let at = 0; at < maxPinned + 50; at += 1) count(`tool_${at}`);
  count("tool_0");
  count(`tool_${maxPinned}`);
  const { text } = await telemetry.expose();
  const lines = text.split("\n").filter((line) => line.startsWith("mcp_tool_call_total{"));
  expect(lines).toHaveLength(maxPinned + 1);
  const of = (name: string): string =>
    `mcp_tool_call_total{server="shop",tool_name="${name}",outcome="answered"}`;
  expect(await read(telemetry, of("tool_0"))).toBe(2);
  expect(await read(telemetry, of("other"))).toBe(51);
});

test("one tool with several outcomes takes one of the places", async () => {
  const telemetry = create();
  for (let at = 0; at < maxPinned; at += 1)
    for (const outcome of ["answered", "fault"] as const)
      telemetry.count("tool_calls", { server: "shop", tool_name: `tool_${at}`, outcome });
  const of = 'mcp_tool_call_total{server="shop",tool_name="other",outcome="fault"}';
  expect(await read(telemetry, of)).toBeNull();
});

test("what is counted between two scrapes is added up, and nothing twice", async () => {
  const telemetry = create();
  const labels = Object.freeze({ server: "shop", tool_name: "pay", outcome: "answered" } as const);
  const of = 'mcp_tool_call_total{server="shop",tool_name="pay",outcome="answered"}';
  for (let at = 0; at < 3; at += 1) telemetry.count("tool_calls", labels);
  expect(await read(telemetry, of)).toBe(3);
  expect(await read(telemetry, of)).toBe(3);
  telemetry.count("tool_calls", { ...labels }, 2);
  expect(await read(telemetry, of)).toBe(5);
});

test("the same labels, frozen, count for each metric of their own", async () => {
  const telemetry = create();
  const labels = Object.freeze({ server: "shop", tool_name: "pay" });
  telemetry.observe("tool_call_seconds", 0.1, labels);
  telemetry.observe("tool_call_seconds", 0.1, labels);
  telemetry.count("tool_calls", labels as never);
  telemetry.observe("tool_call_seconds", 0.3, labels);
  const name = "mcp_tool_call_duration_seconds";
  const of = 'server="shop",tool_name="pay"';
  expect(await read(telemetry, `${name}_count{${of}}`)).toBe(3);
  expect(await read(telemetry, `${name}_bucket{le="0.2",${of}}`)).toBe(2);
  expect(await read(telemetry, 'countersign_telemetry_refusals_total{reason="labels"}')).toBe(1);
});

test("counters whose labels are all known begin at 0: an alert sees the first one", async () => {
  const telemetry = create();
  expect(await read(telemetry, 'countersign_gate_leaks_total{where="answer"}')).toBe(0);
  expect(await read(telemetry, 'countersign_run_states_total{state="failed"}')).toBe(0);
});
