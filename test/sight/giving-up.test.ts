import { expect, test, vi } from "vitest";
import { createDialer } from "../../src/adapters/dialer/dialer.ts";
import { createOtlpSink } from "../../src/adapters/otel/otlp-sink.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import type { RunId } from "../../src/model/index.ts";
import { agent, look, openAgentsScene, own, toTask, type Script } from "../mcp/agents-scene.ts";
import { startCollector } from "./collector.ts";
import { createExporter, secretsOf, toDestination } from "./trace-scene.ts";

vi.setConfig({ testTimeout: 30_000 });

async function openScene() {
  const rules = `@id("all") permit (principal, action, resource);`;
  const scene = await openAgentsScene({ rules, agents: { clerk: agent() } });
  const go = async (script: Script): Promise<RunId> => {
    const { run } = await scene.start({ input: toTask(script) });
    const isOver = async () => expect((await scene.desk.read(own, run)).state).toBe("completed");
    await vi.waitFor(isOver, 10_000);
    return run;
  };
  return { ...scene, go };
}

test("a batch that breaks its destination over and over is given up after an hour, and the next ones go", async () => {
  const scene = await openScene();
  let poison = "";
  const collector = await startCollector(({ body }) =>
    poison !== "" && body.includes(Buffer.from(poison)) ? { status: 500 } : { status: 200 },
  );
  let passedMs = 0;
  const clock = {
    ...systemClock,
    monotonicMs: () => systemClock.monotonicMs() + passedMs,
    nowMs: () => systemClock.nowMs() + passedMs,
  };
  const destination = toDestination(collector);
  const exporter = createExporter({ ...scene, destination, more: { clock } });
  await exporter.round();
  poison = await scene.go({});
  for (let tries = 0; tries < 10; tries += 1) {
    await expect(exporter.round()).rejects.toThrow("status 500");
    passedMs += 6.5 * 60_000;
  }
  const after = await scene.go({});
  await exporter.round();
  const { telemetry } = exporter;
  const count = telemetry.value("trace_spans", { destination: "phoenix", outcome: "given_up" });
  expect(count).toBe(2);
  expect(telemetry.lines.join("\n")).toContain("spans are given up and not sent again");
  const sent = collector.spans().map(({ attributes }) => attributes["countersign.run"]);
  expect(sent).toContainEqual({ string: after });
  const tries = collector.requests.length;
  await exporter.round();
  expect(collector.requests).toHaveLength(tries);
});

test.each([
  ["with a time to wait", { status: 503, headers: { "retry-after": "1" } }, "status 503"],
  ["that it has too much", { status: 429 }, "status 429"],
  ["that the key is wrong", { status: 401 }, "status 401"],
  ["nothing", null, "upstream_lost"],
])("a destination that says %s for days is waited for", async (_name, said, why) => {
  const scene = await openScene();
  let isWell = true;
  const collector = await startCollector(() => (isWell ? { status: 200 } : said));
  let passedMs = 0;
  const clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + passedMs };
  const destination = toDestination(collector);
  const exporter = createExporter({ ...scene, destination, more: { clock } });
  await exporter.round();
  const run = await scene.go({});
  isWell = false;
  for (let tries = 0; tries < 15; tries += 1) {
    await expect(exporter.round()).rejects.toThrow(why);
    passedMs += 5 * 60 * 60_000;
  }
  isWell = true;
  await exporter.round();
  const sent = collector.spans().map(({ attributes }) => attributes["countersign.run"]);
  expect(sent).toContainEqual({ string: run });
});

test("an error that is none of a run's log ends the round, and nothing is noted of the run", async () => {
  const scene = await openScene();
  const collector = await startCollector();
  const exporter = createExporter({ ...scene, destination: toDestination(collector) });
  await exporter.round();
  const run = await scene.go({ turns: [[look]] });
  const broken = { ...scene.desk, events: () => Promise.reject(new TypeError("socket hang up")) };
  const destination = toDestination(collector);
  const other = createExporter({ ...scene, desk: broken, destination });
  await expect(other.round()).rejects.toThrow("socket hang up");
  expect(other.telemetry.lines.join("\n")).not.toContain("cannot be traced");
  await exporter.round();
  const sent = collector.spans().map(({ attributes }) => attributes["countersign.run"]);
  expect(sent).toContainEqual({ string: run });
});

test("what is a bug of the sender is thrown, and not taken for a destination that is away", async () => {
  const { url } = await startCollector();
  const sink = createOtlpSink<string>({
    url,
    private: true,
    headers: {},
    secrets: secretsOf({}),
    dialer: createDialer(),
    clock: systemClock,
    version: "1.2.3",
    encode: () => {
      throw new TypeError("no such field");
    },
  });
  await expect(sink.send("batch", new AbortController().signal)).rejects.toThrow("no such field");
  await sink.close();
});
