import { setImmediate } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { systemRandom } from "../../src/adapters/system/system-random.ts";
import { Fault, type RunId } from "../../src/model/index.ts";
import { createManualClock } from "../../src/ports/manual-clock.ts";
import { exportTraces } from "../../src/sight/export-traces.ts";
import { toShare } from "../../src/sight/keep-trace.ts";
import type { TraceDestination } from "../../src/sight/trace-destination.ts";
import {
  agent,
  ask,
  look,
  openAgentsScene,
  own,
  pay,
  toTask,
  type Script,
} from "../mcp/agents-scene.ts";
import { startCollector, toPartial } from "./collector.ts";
import { createExporter, secretsOf, toDestination, type Destining } from "./trace-scene.ts";

vi.setConfig({ testTimeout: 30_000 });

const rules = `@id("all") permit (principal, action, resource);
@id("never") forbid (principal, action == Action::"bank__wipe", resource);\n`;
const none = { always: [], share: 0, slowMs: 30_000, expensiveMicros: 500_000 } as const;

type Scene = Awaited<ReturnType<typeof openScene>>;

async function openScene(more: Partial<Parameters<typeof openAgentsScene>[0]> = {}) {
  const scene = await openAgentsScene({ rules, agents: { clerk: agent() }, ...more });
  const go = async (script: Script): Promise<RunId> => {
    const { run } = await scene.start({ input: toTask(script) });
    const isOver = async () => expect((await scene.desk.read(own, run)).state).toBe("completed");
    await vi.waitFor(isOver, 10_000);
    return run;
  };
  return { ...scene, go };
}

const toExporter = ({ store, desk }: Scene, destining: Destining) =>
  createExporter({ store, desk, destination: toDestination(destining) });

const wipe = { tool: "bank__wipe", args: {} };

test.each([
  ["a denial", ["denials"], { turns: [[wipe]] }, true],
  ["a denial, where errors are wanted", ["errors"], { turns: [[wipe]] }, false],
  ["an error", ["errors"], { turns: [[{ tool: "bank__nothing", args: {} }]] }, true],
  [
    "nothing in particular",
    ["errors", "denials", "asks", "slow", "expensive"],
    { turns: [[look]] },
    false,
  ],
] as const)("of a run with %s, asked for %j: whole or not at all", async (...given) => {
  const [, always, script, isKept] = given;
  const scene = await openScene();
  const collector = await startCollector();
  const exporter = toExporter(scene, { ...collector, keep: { ...none, always } });
  await exporter.round();
  await scene.go(script);
  await exporter.round();
  const names = collector.spans().map(({ name }) => name);
  expect(names.includes("invoke_agent clerk")).toBe(isKept);
  expect(names.length > 0).toBe(isKept);
});

test("what is slow and what is dear is kept by the numbers that are configured", async () => {
  const scene = await openScene();
  const slow = await startCollector();
  const dear = await startCollector();
  const keep = { ...none, slowMs: 0, always: ["slow"] } as const;
  // The scripted model takes 7 micros for each answer.
  const over = { ...none, expensiveMicros: 14, always: ["expensive"] } as const;
  const exporters = [
    toExporter(scene, { ...slow, name: "slow", keep }),
    toExporter(scene, { ...dear, name: "dear", keep: over }),
  ];
  for (const each of exporters) await each.round();
  await scene.go({ says: "nothing to do" });
  for (const each of exporters) await each.round();
  expect(slow.spans().length).toBeGreaterThan(0);
  expect(dear.spans()).toEqual([]);
  await scene.go({ turns: [[look]] });
  for (const each of exporters) await each.round();
  expect(dear.spans().map(({ name }) => name)).toContain("invoke_agent clerk");
});

test("a share of traces is the same share everywhere, and about as large as it is said to be", () => {
  const shares = Array.from({ length: 2_000 }, (_, at) => toShare(`trace ${at}`));
  expect(shares.every((share) => share >= 0 && share < 1)).toBe(true);
  const kept = shares.filter((share) => share < 0.25).length;
  expect(kept).toBeGreaterThan(400);
  expect(kept).toBeLessThan(600);
  expect(toShare("trace 1")).toBe(shares[1]);
});

test("I9: no known secret, no text and no dropped attribute leaves; texts only where they are wanted", async () => {
  const secret = "s3cret-value-9471";
  const scene = await openScene();
  const [plain, full] = [await startCollector(), await startCollector()];
  const redact = (text: string): string => text.replaceAll(secret, "[redacted]");
  const exporters = [
    toExporter(scene, { ...plain, name: "plain", redact, drop: ["user.id", "session.id"] }),
    toExporter(scene, { ...full, name: "full", redact, hasTexts: true }),
  ];
  for (const each of exporters) await each.round();
  // The model makes up a tool whose name is a secret, and says one.
  const turns = [[{ tool: `bank__${secret}`, args: { note: secret } }]];
  await scene.go({ turns, says: `It is ${secret}, ${"long ".repeat(8_000)}` });
  for (const each of exporters) await each.round();
  const bodies = (collector: typeof plain) =>
    Buffer.concat(collector.requests.map(({ body }) => body)).toString("latin1");
  expect(plain.spans().length).toBeGreaterThan(3);
  expect(bodies(plain)).not.toContain(secret);
  expect(bodies(plain)).not.toMatch(/user\.id|session\.id|input\.value|output\.value|It is|long/);
  expect(bodies(full)).not.toContain(secret);
  expect(bodies(full)).toContain("It is [redacted]");
  const root = full.spans().find(({ name }) => name === "invoke_agent clerk")!;
  const { string: said } = root.attributes["output.value"] as { string: string };
  expect(said).toHaveLength(16 * 1024 + 1);
  const asked = full.spans().find(({ name }) => name === "chat")!;
  expect(asked.attributes["output.value"]).toEqual({
    string: 'bank__[redacted] {"note":"[redacted]"}',
  });
});

test("texts that are long together go in several requests, each of a size that is taken", async () => {
  const scene = await openScene();
  const collector = await startCollector();
  const long = JSON.stringify({ text: "x".repeat(20_000) });
  const desk = { ...scene.desk, content: async () => long };
  const destination = toDestination({ ...collector, hasTexts: true });
  const exporter = createExporter({ ...scene, desk, destination });
  await exporter.round();
  // Other calls each time: the same ones over and over would be a loop.
  await scene.go({ turns: Array.from({ length: 40 }, (_, at) => [pay(`payee ${at}`)]) });
  await exporter.round();
  const sizes = collector.requests.map(({ body }) => body.length);
  expect(sizes.length).toBeGreaterThan(1);
  expect(Math.max(...sizes)).toBeLessThan(1024 * 1024);
  const ids = collector.spans().map(({ spanId }) => spanId);
  expect(new Set(ids).size).toBe(ids.length);
});

test("headers are read from their references for each request, and shown to no log", async () => {
  const scene = await openScene();
  const collector = await startCollector();
  const values: Record<string, string> = { "env://KEY": "Bearer one" };
  const headers = { authorization: "env://KEY" };
  const exporter = toExporter(scene, { ...collector, headers, secrets: secretsOf(values) });
  await exporter.round();
  await scene.go({});
  await exporter.round();
  values["env://KEY"] = "two\r\nx-injected: yes";
  await scene.go({});
  await expect(exporter.round()).rejects.toThrow("credential_refused");
  values["env://KEY"] = "Bearer three\n";
  await exporter.round();
  expect(collector.requests.map((each) => each.headers.authorization)).toEqual(
    expect.arrayContaining(["Bearer one", "Bearer three"]),
  );
  expect(collector.requests[0]!.headers).toMatchObject({
    "content-type": "application/x-protobuf",
    "user-agent": "countersign/1.2.3",
  });
  expect(collector.requests[0]!.path).toBe("/v1/traces");
  expect(exporter.telemetry.lines.join("\n")).not.toContain("Bearer");
});

test.each([
  ["429 with a time", { status: 429, headers: { "retry-after": "7" } }, 7_000],
  ["503 without one", { status: 503 }, null],
  ["401", { status: 401 }, null],
  ["a redirect", { status: 307, headers: { location: "http://127.0.0.1:1/" } }, null],
  ["nothing", null, null],
])("a collector that says %s is sent the same again later", async (_name, said, retryAfterMs) => {
  const scene = await openScene();
  let isWell = false;
  const collector = await startCollector(() => (isWell ? { status: 200 } : said));
  const exporter = toExporter(scene, collector);
  await exporter.round();
  await scene.go({ turns: [[look]] });
  await expect(exporter.round()).rejects.toMatchObject({ retryAfterMs });
  await expect(exporter.round()).rejects.toMatchObject({ retryAfterMs });
  isWell = true;
  const tries = collector.requests.length;
  await exporter.round();
  const bodies = collector.requests.slice(tries).map(({ body }) => body.toString("hex"));
  expect(bodies).toContain(collector.requests[0]!.body.toString("hex"));
});

test("spans that will never be taken hold up no others, and are counted", async () => {
  const scene = await openScene();
  const says = [{ status: 400 }, { status: 200, body: toPartial(2) }];
  const collector = await startCollector((_, count) => says[count - 1] ?? { status: 200 });
  const exporter = toExporter(scene, collector);
  await exporter.round();
  await scene.go({});
  await exporter.round();
  await scene.go({});
  await exporter.round();
  expect(collector.requests).toHaveLength(2);
  const count = (outcome: "taken" | "refused" | "rejected") =>
    exporter.telemetry.value("trace_spans", { destination: "phoenix", outcome });
  expect([count("refused"), count("rejected"), count("taken")]).toEqual([2, 2, undefined]);
});

test("a run whose log cannot be read holds up none of the others", async () => {
  const scene = await openScene();
  const collector = await startCollector();
  const exporter = toExporter(scene, collector);
  await exporter.round();
  const broken = await scene.go({});
  const desk = {
    ...scene.desk,
    events: (...given: Parameters<typeof scene.desk.events>) =>
      given[1] === broken ? Promise.resolve([]) : scene.desk.events(...given),
  };
  const other = createExporter({ ...scene, desk, destination: toDestination(collector) });
  const sound = await scene.go({});
  await other.round();
  const sent = new Set(
    collector
      .spans()
      .map(({ attributes }) => (attributes["countersign.run"] as { string: string }).string),
  );
  expect([...sent]).toEqual([sound]);
  expect(other.telemetry.lines.join("\n")).toContain("a run cannot be traced");
  await other.round();
  expect(other.telemetry.lines.filter((line) => line.includes("cannot be traced"))).toHaveLength(1);
});

test("a sub-agent whose log cannot be read leaves the rest of its tree to be sent", async () => {
  const scene = await openScene({
    agents: { clerk: agent({ agents: ["teller"] }), teller: agent() },
  });
  const collector = await startCollector();
  await toExporter(scene, collector).round();
  const run = await scene.go({ turns: [[ask("teller", {})]] });
  const events = (...given: Parameters<typeof scene.desk.events>) =>
    given[1] === run
      ? scene.desk.events(...given)
      : Promise.reject(new Fault("record_unreadable", "These bytes are not those of an event."));
  const desk = { ...scene.desk, events };
  const other = createExporter({ ...scene, desk, destination: toDestination(collector) });
  await other.round();
  const names = collector.spans().map(({ name }) => name);
  expect(names).toContain("invoke_agent clerk");
  expect(names).not.toContain("invoke_agent teller");
  expect(other.telemetry.lines.join("\n")).toContain("cannot be traced whole");
});

test("a new destination is sent nothing of what ended before it was there", async () => {
  const scene = await openScene();
  const collector = await startCollector();
  await scene.go({ turns: [[pay("ann")]] });
  // Of the same millisecond, all of it is sent.
  const clock = { ...createManualClock(Date.now() + 10_000) };
  const exporter = createExporter({
    ...scene,
    destination: toDestination(collector),
    more: { clock },
  });
  await exporter.round();
  await exporter.round();
  expect(collector.requests).toEqual([]);
});

test("destinations are tried each for itself, with longer and longer pauses, until the end", async () => {
  const scene = await openScene();
  const clock = createManualClock(Date.now());
  const tries: string[] = [];
  const toFailing = (name: string): TraceDestination =>
    toDestination({
      url: "http://127.0.0.1:1",
      name,
      open: () => ({
        send: async () => {
          tries.push(name);
          return name === "bad"
            ? { kind: "failed", why: "status 503", retryAfterMs: null }
            : { kind: "taken", rejected: 0 };
        },
        close: async () => undefined,
      }),
    });
  const { options, telemetry } = createExporter({ ...scene, destination: toFailing("bad") });
  const exporting = exportTraces({
    ...options,
    clock,
    random: systemRandom,
    destinations: () => [toFailing("bad"), toFailing("good")],
  });
  const pass = async (ms: number): Promise<void> => {
    clock.advance(ms);
    for (let at = 0; at < 50; at += 1) await setImmediate();
  };
  await pass(0);
  await scene.go({});
  for (let at = 0; at < 12; at += 1) await pass(5_000);
  await exporting.stop();
  const count = (name: string): number => tries.filter((each) => each === name).length;
  expect(count("good")).toBe(1);
  // At 5, 10, 15, and then less and less often.
  expect(count("bad")).toBeGreaterThanOrEqual(3);
  expect(count("bad")).toBeLessThan(9);
  expect(telemetry.lines.filter((line) => /"warn".*not taken/.test(line)).length).toBeLessThan(2);
  expect(telemetry.value("trace_tries_failed", { destination: "bad" })).toBe(count("bad"));
});
