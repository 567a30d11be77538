import { expect, test } from "vitest";
import { createPrometheusTelemetry } from "../adapters/prometheus/prometheus-telemetry.ts";
import { createManualClock } from "../ports/manual-clock.ts";
import { estimateQuantile } from "./estimate-quantile.ts";
import { startRecentCalls } from "./recent-calls.ts";

const pay = { server: "bank", tool_name: "pay" };

function open() {
  const clock = createManualClock(1_700_000_000_000);
  const telemetry = createPrometheusTelemetry({
    clock,
    level: () => "info",
    write: () => undefined,
  });
  const call = (outcome: "answered" | "denied" | "fault", seconds?: number): void => {
    telemetry.count("tool_calls", { ...pay, outcome });
    if (outcome === "fault") telemetry.count("tool_call_errors", { ...pay, kind: "fault" });
    if (seconds !== undefined) telemetry.observe("tool_call_seconds", seconds, pay);
  };
  const { series } = telemetry;
  return { clock, call, recent: startRecentCalls({ series, clock, telemetry }) };
}

/** Lets what waits on the clock run. */
async function pass(clock: ReturnType<typeof createManualClock>, times: number): Promise<void> {
  for (let at = 0; at < times; at += 1) {
    clock.advance(15_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test("calls are counted by server and by tool, with what failed and how long they took", async () => {
  const { call, recent } = open();
  for (let at = 0; at < 98; at += 1) call("answered", 0.15);
  call("fault", 4);
  call("denied");
  const { servers, tools } = await recent.read();
  expect(servers.get("bank")).toMatchObject({ calls: 100, denied: 1, errors: 1 });
  const { p50Ms, p99Ms } = tools.get("bank")!.get("pay")!;
  // Within the buckets from 100 to 200 ms: half of the values there.
  expect(p50Ms).toBeCloseTo(150.5, 0);
  expect(p99Ms).toBeGreaterThan(2_500);
  await recent.stop();
});

test("what is older than five minutes is in none of the figures", async () => {
  const { clock, call, recent } = open();
  call("answered", 0.01);
  await pass(clock, 8);
  call("fault", 1);
  expect((await recent.read()).servers.get("bank")).toMatchObject({ calls: 2, errors: 1 });
  await pass(clock, 20);
  const { windowMs, servers } = await recent.read();
  expect(windowMs).toBeLessThanOrEqual(300_000);
  expect(servers.get("bank")).toMatchObject({ calls: 0, errors: 0, p50Ms: null });
  await recent.stop();
});

test("many who look at once have the series added up once, and see a second later what came since", async () => {
  const { clock, call, recent } = open();
  call("answered", 0.01);
  const first = await recent.read();
  call("answered", 0.01);
  expect(await recent.read()).toBe(first);
  clock.advance(1_000);
  expect((await recent.read()).servers.get("bank")).toMatchObject({ calls: 2 });
  await recent.stop();
});

test.each([
  [[], 0.5, null],
  [[{ bound: 1, count: 10 }], 0.5, 0.5],
  [
    [
      { bound: 1, count: 0 },
      { bound: 2, count: 4 },
      { bound: Infinity, count: 4 },
    ],
    0.25,
    1.25,
  ],
  [
    [
      { bound: 1, count: 1 },
      { bound: Infinity, count: 100 },
    ],
    0.99,
    1,
  ],
])("of %j the share %d lies at %s", (buckets, share, value) => {
  expect(estimateQuantile(buckets, share)).toBe(value);
});
