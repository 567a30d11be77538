import { expect, test } from "vitest";
import { serverSchema } from "../model/config-servers.ts";
import { createInMemoryTelemetry } from "../ports/in-memory-telemetry.ts";
import type { Upstream, UpstreamAnswer, UpstreamRequest } from "../ports/upstream.ts";
import { createIndexAges, indexesMember } from "./index-ages.ts";

const request = { method: "tools/call" } as UpstreamRequest;

function open() {
  let nowMs = 1_000_000;
  const telemetry = createInMemoryTelemetry();
  const ages = createIndexAges({ clock: { monotonicMs: () => nowMs }, telemetry });
  const gauges = (index = "docs") => {
    ages.tell();
    const labels = { server: "search", index };
    return [
      telemetry.value("mcp_index_age_seconds", labels),
      telemetry.value("mcp_index_stale", labels),
    ];
  };
  return { ages, telemetry, gauges, later: (ms: number) => void (nowMs += ms) };
}

const toServers = (...indexes: readonly string[]) => ({
  search: serverSchema.parse({
    transport: "stdio",
    command: ["search"],
    sandbox: "none",
    ...(indexes.length > 0 && { indexes }),
  }),
});

const toAnswer = (indexes: unknown): UpstreamAnswer => {
  const value = { content: [], _meta: { [indexesMember]: indexes } } as never;
  return { kind: "result", text: JSON.stringify(value), value };
};

function toUpstream(answers: readonly UpstreamAnswer[]): Upstream {
  const left = [...answers];
  return {
    facts: { era: "modern", version: "", serverInfo: null, capabilities: {}, instructions: null },
    sandbox: null,
    outstanding: 0,
    send: async () => left.shift()!,
    watch: async () => undefined,
    close: async () => undefined,
  };
}

test("an age grows while nobody reports, and a report sets it", async () => {
  const { ages, gauges, later } = open();
  const watch = ages.enter(toServers("docs"));
  const answers = [
    toAnswer({ docs: { ageSeconds: 4, stale: false, version: "1" } }),
    toAnswer({ docs: { ageSeconds: 90, stale: true } }),
    toAnswer({ other: { ageSeconds: 1, stale: false } }),
  ];
  const upstream = watch.listen("search", toUpstream(answers));
  later(7_000);
  // Nobody knows, which counts as stale, since when it was waited for.
  expect(gauges()).toEqual([7, 1]);
  expect(await upstream.send(request)).toBe(answers[0]);
  expect(gauges()).toEqual([4, 0]);
  later(600_000);
  expect(gauges()).toEqual([604, 0]);
  await upstream.send(request);
  expect(gauges()).toEqual([90, 1]);
  await upstream.send(request);
  expect(gauges()).toEqual([90, 1]);
});

test("names that are not configured make no series, and what is no report changes nothing", async () => {
  const { ages, gauges, telemetry } = open();
  const watch = ages.enter(toServers("docs"));
  const fine = toAnswer({
    docs: { ageSeconds: 4, stale: false },
    wiki: { ageSeconds: 1, stale: false },
  });
  const wrong = [
    { docs: { ageSeconds: -1, stale: false } },
    { docs: { ageSeconds: Number.POSITIVE_INFINITY, stale: false } },
    { docs: { ageSeconds: 1e300, stale: false } },
    { docs: { ageSeconds: "0", stale: false } },
    { docs: { ageSeconds: 0, stale: "no" } },
    { docs: { ageSeconds: 0 } },
    { docs: null },
    ["docs"],
    "docs",
    null,
  ].map(toAnswer);
  const upstream = watch.listen("search", toUpstream([fine, ...wrong, fine]));
  await upstream.send(request);
  for (const _ of wrong) {
    await upstream.send(request);
    expect(gauges()).toEqual([4, 0]);
  }
  // Said once, and again only after one that could be read.
  expect(telemetry.lines.filter((line) => line.includes("cannot be read"))).toHaveLength(1);
  expect(telemetry.value("telemetry_refusals", { reason: "labels" })).toBeUndefined();
  expect(gauges("wiki")).toEqual([undefined, undefined]);
});

test("a server that is not listened to is not wrapped", () => {
  const { ages } = open();
  const upstream = toUpstream([]);
  expect(ages.enter(toServers()).listen("search", upstream)).toBe(upstream);
});

test("over a new revision the age goes on, and what nobody configures any more stops alerting", async () => {
  const { ages, gauges, later } = open();
  const first = ages.enter(toServers("docs", "wiki"));
  const answer = toAnswer({
    docs: { ageSeconds: 50, stale: true },
    wiki: { ageSeconds: 1, stale: true },
  });
  await first.listen("search", toUpstream([answer])).send(request);
  expect(gauges()).toEqual([50, 1]);
  const second = ages.enter(toServers("docs"));
  expect(gauges()).toEqual([50, 1]);
  const upstream = second.listen(
    "search",
    toUpstream([toAnswer({ docs: { ageSeconds: 2, stale: false } })]),
  );
  later(10);
  await upstream.send(request);
  first.leave();
  expect(gauges()).toEqual([2, 0]);
  expect(gauges("wiki")).toEqual([0, 0]);
});
