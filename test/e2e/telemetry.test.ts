import { writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test, vi } from "vitest";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { answerCall, startHostile } from "../mcp/hostile-http.ts";
import { startCollector } from "../sight/collector.ts";
import { decodeLogs, decodeMetrics, toExposition } from "../sight/decode-telemetry.ts";
import { createHome, type Up } from "./home.ts";

vi.setConfig({ testTimeout: 120_000 });

const trace = "0af7651916cd43dd8448eb211c80319c";
const otelKey = "otel-canary-94715";
const argument = "an argument that nobody reads in a log";
const answer = "a result that nobody reads in a log";

async function openScene() {
  let isAway = false;
  const collector = await startCollector(() => (isAway ? { status: 503 } : { status: 200 }));
  const tools = ["look", `look_${otelKey}`].map((name) => ({
    name,
    description: "Looks.",
    inputSchema: { type: "object" },
  }));
  const bank = await startHostile(
    (asked, outgoing) => answerCall(asked, outgoing, answer),
    () => tools,
  );
  const home = createHome();
  Object.assign(home.environment, { OTEL_KEY: `Bearer ${otelKey}` });
  const to = (signal: string, interval: string) => ({
    local: {
      url: new URL(`/v1/${signal}`, collector.url).href,
      private: true,
      headers: { authorization: "env://OTEL_KEY" },
      interval,
    },
  });
  const document = {
    version: 1,
    policy: { rule: "allow-all" },
    servers: {
      bank: {
        transport: "http",
        url: bank.url,
        private: true,
        labels: ["trusted"],
        effect: "read",
      },
    },
    telemetry: {
      metrics: { destinations: to("metrics", "1s") },
      logs: { destinations: to("logs", "100ms") },
    },
  };
  writeFileSync(path.join(home.directory, "countersign.yaml"), JSON.stringify(document));
  const up = await home.up();
  const sentTo = (signal: string) =>
    collector.requests.filter((each) => each.path === `/v1/${signal}`);
  return { home, up, collector, sentTo, setAway: (away: boolean) => void (isAway = away) };
}

type Scene = Awaited<ReturnType<typeof openScene>>;

async function call({ home, up }: Scene, tool: string): Promise<string> {
  const _meta = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
    traceparent: `00-${trace}-b7ad6b7169203331-01`,
  };
  const answered = await fetch(new URL("/mcp", up.url), {
    method: "POST",
    headers: {
      authorization: `Bearer ${home.key("admin")}`,
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      "mcp-protocol-version": "2026-07-28",
      "mcp-method": "tools/call",
      "mcp-name": tool,
    },
    body: JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method: "tools/call",
      params: { name: tool, arguments: { argument }, _meta },
    }),
  });
  return answered.text();
}

const linesOf = (up: Up) =>
  up
    .log()
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);

test("metrics and log lines leave as they are seen here, and a destination that is away slows no call", async () => {
  const scene = await openScene();
  const { home, up, sentTo, setAway } = scene;
  expect(await call(scene, "bank__look")).toContain(answer);
  await call(scene, `bank__look_${otelKey}`);
  await vi.waitFor(
    () => expect(linesOf(up).filter(({ message }) => message === "call").length).toBe(2),
    5_000,
  );
  const written = linesOf(up).filter(({ message }) => message === "call");
  expect(written[0]).toMatchObject({
    server: "bank",
    tool: "look",
    outcome: "answered",
    decision: "allow",
    isError: false,
    trace,
    tenant: "default",
  });
  // I9: of a tool whose name holds a secret, too.
  expect(written[1]!["tool"]).toBe("look_[redacted]");
  expect(up.log()).not.toMatch(new RegExp(`${otelKey}|${argument}|${answer}`));

  const sent = () => sentTo("logs").flatMap(({ body }) => decodeLogs(body));
  const calls = () => sent().filter(({ message }) => message === "call");
  await vi.waitFor(() => expect(calls()).toEqual(written), 5_000);
  expect(sentTo("logs")[0]!.headers).toMatchObject({
    "content-type": "application/x-protobuf",
    authorization: `Bearer ${otelKey}`,
  });

  // Nothing more is called: what is counted of calls stands still.
  const ofTools = (lines: readonly string[]) =>
    lines.filter((line) => line.startsWith("mcp_tool_call")).toSorted();
  const scraped = await fetch(new URL("/metrics", up.url), {
    headers: { authorization: `Bearer ${home.key("admin")}` },
  });
  const exposed = ofTools((await scraped.text()).split("\n"));
  expect(exposed.length).toBeGreaterThan(5);
  await vi.waitFor(() => {
    const last = sentTo("metrics").at(-1);
    expect(last === undefined ? [] : ofTools(toExposition(decodeMetrics(last.body)))).toEqual(
      exposed,
    );
  }, 5_000);

  setAway(true);
  const before = sentTo("logs").length;
  await call(scene, "bank__look");
  await vi.waitFor(() => expect(sentTo("logs").length).toBeGreaterThan(before), 5_000);
  const startedMs = systemClock.monotonicMs();
  for (let at = 0; at < 20; at += 1) expect(await call(scene, "bank__look")).toContain(answer);
  expect(systemClock.monotonicMs() - startedMs).toBeLessThan(5_000);
  setAway(false);
  await vi.waitFor(() => expect(calls().length).toBeGreaterThanOrEqual(23), 20_000);
  up.kill("SIGTERM");
  expect(await up.ended).toBe(0);
  const taken = new Set(calls().map(({ entry }) => entry));
  expect(taken.size).toBe(23);
  const all = linesOf(up).filter(({ message }) => message === "call");
  expect(new Set(all.map(({ entry }) => entry))).toEqual(taken);
});
