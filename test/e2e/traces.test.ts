import { writeFileSync } from "node:fs";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { startScriptedServer } from "../../src/adapters/scripted/scripted-server.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { modelScriptSchema } from "../../src/model/model-script.ts";
import { answerCall, startHostile } from "../mcp/hostile-http.ts";
import { startCollector, type Collected } from "../sight/collector.ts";
import { createHome } from "./home.ts";

vi.setConfig({ testTimeout: 120_000 });

const trace = "0af7651916cd43dd8448eb211c80319c";
const span = "b7ad6b7169203331";
const modelKey = "model-canary-94715";
const otelKey = "otel-canary-94715";
const script = {
  name: "suite",
  turns: [
    { when: { last: "user", contains: "Look" }, calls: [{ tool: "bank__look", args: {} }] },
    { when: { last: "tool" }, say: `It is there. ${modelKey} ${otelKey}` },
  ],
};

/** A model over HTTP whose answers take a moment, so that a kill finds one under way. */
async function startModel() {
  const model = await startScriptedServer({
    script: modelScriptSchema.parse(script),
    clock: systemClock,
    key: null,
  });
  const asked: IncomingHttpHeaders[] = [];
  const server = createServer((incoming, outgoing) => {
    const parts: Buffer[] = [];
    incoming.on("data", (part: Buffer) => parts.push(part));
    incoming.on("end", () => {
      asked.push(incoming.headers);
      void systemClock
        .sleep(300)
        .then(() =>
          fetch(new URL(incoming.url!, model.url), {
            method: incoming.method!,
            headers: { "content-type": "application/json" },
            ...(parts.length === 0 ? {} : { body: Buffer.concat(parts) }),
          }),
        )
        .then(async (answer) => {
          const type = answer.headers.get("content-type") ?? "text/plain";
          outgoing.writeHead(answer.status, { "content-type": type });
          outgoing.end(Buffer.from(await answer.arrayBuffer()));
        })
        .catch(() => outgoing.destroy());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await model.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, asked };
}

const textOf = ({ attributes }: Collected, name: string) =>
  (attributes[name] as { string?: string } | undefined)?.string;

async function openScene() {
  const [model, collector] = [await startModel(), await startCollector()];
  const tools = [{ name: "look", description: "Looks.", inputSchema: { type: "object" } }];
  const bank = await startHostile(
    (call, outgoing) => answerCall(call, outgoing, "found"),
    () => tools,
  );
  const home = createHome();
  Object.assign(home.environment, { OTEL_KEY: `Bearer ${otelKey}`, MODEL_KEY: modelKey });
  const document = {
    version: 1,
    policy: { rule: "allow-all" },
    servers: { bank: { transport: "http", url: bank.url, private: true, labels: ["trusted"] } },
    models: {
      backends: {
        local: {
          kind: "openai",
          url: model.url,
          private: true,
          model: "any",
          key: "env://MODEL_KEY",
        },
      },
      routes: { model: [[{ backend: "local" }]] },
    },
    agents: { clerk: { description: "Looks.", model: "model", instructions: "Look." } },
    telemetry: {
      traces: {
        destinations: {
          local: {
            url: collector.url,
            private: true,
            headers: { authorization: "env://OTEL_KEY" },
            content: "redacted",
          },
        },
      },
    },
  };
  writeFileSync(path.join(home.directory, "countersign.yaml"), JSON.stringify(document));
  return { home, model, bank, collector };
}

test("the product is killed in the middle of a run: one trace, each span once, from the client to the server", async () => {
  const { home, model, bank, collector } = await openScene();
  const first = await home.up();
  // Its destination begins with it.
  await systemClock.sleep(500);
  const started = await fetch(new URL("/v1/runs", first.url), {
    method: "POST",
    headers: {
      authorization: `Bearer ${home.key("admin")}`,
      "content-type": "application/json",
      traceparent: `00-${trace}-${span}-01`,
    },
    body: JSON.stringify({ agent: "clerk", input: "Look." }),
  });
  const { id } = (await started.json()) as { id: string };
  expect(started.status).toBe(201);
  await vi.waitFor(() => expect(model.asked.length).toBeGreaterThan(0), { timeout: 10_000 });
  first.kill("SIGKILL");
  await first.ended;
  const second = await home.up();
  home.environment["COUNTERSIGN_URL"] = second.url;
  const isSent = (): void =>
    expect(collector.spans().map(({ name }) => name)).toContain("invoke_agent clerk");
  await vi.waitFor(isSent, { timeout: 60_000, interval: 200 });
  const spans = collector.spans().filter((each) => textOf(each, "countersign.run") === id);
  const known = new Map(spans.map((each) => [each.spanId, each.bytes]));
  for (const each of spans) expect(each.bytes).toBe(known.get(each.spanId));
  const one = [...known.keys()].map((spanId) => spans.find((each) => each.spanId === spanId)!);
  expect(new Set(one.map(({ traceId }) => traceId))).toEqual(new Set([trace]));
  const names = one.map(({ name }) => name);
  expect(names.filter((name) => name === "invoke_agent clerk")).toHaveLength(1);
  expect(names.filter((name) => name === "execute_tool bank__look")).toHaveLength(1);
  // The asking that was cut, and those that were answered.
  const chats = one.filter(({ name }) => name === "chat model");
  expect(chats.map((each) => textOf(each, "error.type"))).toContain("worker_lost");
  expect(model.asked.map((headers) => headers["traceparent"])).toEqual(
    chats.map(({ spanId }) => `00-${trace}-${spanId}-01`),
  );
  const looked = one.find(({ name }) => name === "execute_tool bank__look")!;
  expect(bank.calls.map(({ params }) => (params as { _meta: object })._meta)).toEqual([
    expect.objectContaining({ traceparent: `00-${trace}-${looked.spanId}-01` }),
  ]);
  expect(one.find(({ name }) => name === "invoke_agent clerk")!.parentSpanId).toBe(span);
  for (const { headers } of collector.requests)
    expect(headers.authorization).toBe(`Bearer ${otelKey}`);
  // Neither the keys of models nor its own are told to a destination, whoever says them.
  const bodies = collector.requests.map(({ body }) => body.toString("latin1")).join("\n");
  expect(bodies).toContain("It is there. [redacted]");
  expect(bodies).not.toMatch(/canary/);
  const shown = await home.run("runs", "trace", id);
  expect([shown.code, shown.err]).toEqual([0, ""]);
  expect(shown.out).toContain(`Trace ${trace} of run ${id}`);
  expect(shown.out).toContain("execute_tool bank__look");
  const exported = await home.run("runs", "export", id, "--contents");
  const file = JSON.parse(exported.out) as { events: unknown[]; trace: { spans: unknown[] } };
  expect(file.trace.spans).toHaveLength(one.length);
  expect(JSON.stringify(file.events)).toContain("It is there.");
  const { out } = await home.run("runs", "export", id);
  expect(out).not.toContain("It is there.");
});
