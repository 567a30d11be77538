import { expect, test, vi } from "vitest";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import type { RunId } from "../../src/model/index.ts";
import { sendOnce, type Json } from "../approvals/attack-scene.ts";
import { agent, ask, look, openAgentsScene, own, pay, toTask } from "../mcp/agents-scene.ts";
import { startCollector, type Collected } from "./collector.ts";
import { createExporter, toDestination } from "./trace-scene.ts";

vi.setConfig({ testTimeout: 30_000 });

const asking = `@id("all") permit (principal, action, resource);
@id("pays") @ask("Money moves.") @approvers("role:approver")
forbid (principal, action == Action::"bank__pay", resource) unless { context.approval.granted };\n`;
const agents = { clerk: agent(), boss: agent({ agents: ["clerk"] }) };
const trace = "0af7651916cd43dd8448eb211c80319c";
const span = "b7ad6b7169203331";
const traceparent = `00-${trace}-${span}-01`;

const saidOf = (answer: Json) => (answer["result"] as Json)["structuredContent"] as Json;
const textOf = ({ attributes }: Collected, name: string) =>
  (attributes[name] as { string?: string } | undefined)?.string;

/** From the client over two agents to a payment that a person agrees to. */
async function openPaid() {
  const scene = await openAgentsScene({ rules: asking, agents });
  const collector = await startCollector();
  const { store, desk } = scene;
  const exporter = createExporter({ store, desk, destination: toDestination(collector) });
  await exporter.round();
  const turns = [[look, ask("clerk", { turns: [[pay("ann")]], says: "paid" })]];
  const args = { task: toTask({ turns }) };
  const meta = { "dev.countersign/key": "k", traceparent };
  const call = () => sendOnce(scene.gate.url, { tool: "agents__boss", args, meta });
  const run = saidOf(await call())["run"] as RunId;
  await vi.waitFor(async () => expect(await scene.waiting()).toHaveLength(1));
  const [waiting] = await scene.waiting();
  return { scene, collector, exporter, run, waiting: waiting!, call };
}

type Paid = Awaited<ReturnType<typeof openPaid>>;

async function finish({ scene, run, waiting }: Pick<Paid, "scene" | "run" | "waiting">) {
  await scene.decide(waiting);
  await vi.waitFor(async () => expect((await scene.desk.read(own, run)).state).toBe("completed"));
}

test("one trace joins client, gate, server, model and approval", async () => {
  const paid = await openPaid();
  const { scene, collector, exporter, run } = paid;
  await exporter.round();
  await finish(paid);
  await exporter.round();
  const spans = collector.spans();
  expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(spans.length);
  const find = (name: string, of = run) =>
    spans.filter((each) => each.name === name && textOf(each, "countersign.run") === of);
  const [root] = find("invoke_agent boss");
  expect(root).toMatchObject({ traceId: trace, parentSpanId: span, kind: 1 });
  expect(spans.filter((each) => textOf(each, "countersign.run") !== undefined)).toSatisfy(
    (all: readonly Collected[]) => all.every(({ traceId }) => traceId === trace),
  );
  expect(find("chat m")).toHaveLength(0);
  expect(find("chat")).toHaveLength(2);
  const [asked] = find("execute_tool agents__clerk");
  expect(asked!.parentSpanId).toBe(root!.spanId);
  const child = textOf(asked!, "countersign.child") as RunId;
  const [inner] = find("invoke_agent clerk", child);
  expect(inner!.parentSpanId).toBe(asked!.spanId);
  const [payment] = find("execute_tool bank__pay", child);
  expect(payment!.parentSpanId).toBe(inner!.spanId);
  const [wait] = find("wait approval", child);
  expect(wait!.parentSpanId).toBe(payment!.spanId);
  expect(wait!.attributes).toMatchObject({
    "countersign.approval": { string: paid.waiting.id },
    "countersign.decision": { string: "approved" },
  });
  // The server was told which span called it, and can hang its own below that.
  const told = scene.server.calls.map(({ params }) => (params as Json)["_meta"] as Json);
  const [looked] = find("execute_tool bank__look");
  expect(told.map((meta) => meta["traceparent"])).toEqual([
    `00-${trace}-${looked!.spanId}-01`,
    `00-${trace}-${payment!.spanId}-01`,
  ]);
  // What the ledger has of the payment says so, too.
  const [entry] = (await scene.store.entries.page(own, { after: 0n, limit: 100 }))
    .map(({ bytes }) => JSON.parse(Buffer.from(bytes).toString()) as Json)
    .filter(({ kind, tool }) => kind === "outcome" && tool === "pay");
  expect(entry).toMatchObject({ trace, run: child, of: textOf(payment!, "countersign.entry") });
  // The client's own call has no run: its span is made of the ledger's entry.
  expect(spans.find((each) => each.name === "execute_tool boss")).toMatchObject({
    traceId: trace,
    attributes: { "countersign.outcome": { string: expect.any(String) as string } },
  });
});

test("what has ended is sent once, and what has not only when it ends", async () => {
  const paid = await openPaid();
  const { collector, exporter } = paid;
  await exporter.round();
  const before = collector.spans();
  expect(before.map(({ name }) => name)).toContain("chat");
  expect(before.map(({ name }) => name)).not.toContain("invoke_agent boss");
  await exporter.round();
  expect(collector.spans()).toHaveLength(before.length);
  await finish(paid);
  await exporter.round();
  await exporter.round();
  const after = collector.spans();
  expect(after.slice(0, before.length)).toEqual(before);
  expect(new Set(after.map(({ spanId }) => spanId)).size).toBe(after.length);
  expect(after.map(({ name }) => name)).toContain("invoke_agent boss");
  expect(
    exporter.telemetry.value("trace_spans", { destination: "phoenix", outcome: "taken" }),
  ).toBe(after.length);
});

test("a sub-agent that ended long before its root is not sent again with it", async () => {
  const scene = await openAgentsScene({ rules: asking, agents });
  const collector = await startCollector();
  const { store, desk } = scene;
  const exporter = createExporter({ store, desk, destination: toDestination(collector) });
  await exporter.round();
  const turns = [[ask("clerk", { turns: [[look]] })], [pay("ann")]];
  const { run } = await scene.start({ agent: "boss", input: toTask({ turns }) });
  await vi.waitFor(async () => expect(await scene.waiting()).toHaveLength(1));
  await exporter.round();
  const key = { tenant: own, destination: "phoenix", owner: "one" };
  // As it is once ten minutes have passed.
  await systemClock.sleep(5);
  expect(await store.traces.moveSince(key, systemClock.nowMs())).toBe(true);
  const before = collector.spans();
  expect(before.map(({ name }) => name)).toContain("invoke_agent clerk");
  const [waiting] = await scene.waiting();
  await finish({ scene, run, waiting: waiting! });
  await exporter.round();
  const after = collector.spans();
  expect(after.map(({ name }) => name)).toContain("invoke_agent boss");
  expect(new Set(after.map(({ spanId }) => spanId)).size).toBe(after.length);
});

test("an exporter that dies 20 times sends the same spans, and leaves none out", async () => {
  const paid = await openPaid();
  const { scene, collector, exporter, run } = paid;
  const { store, desk } = scene;
  await finish(paid);
  await exporter.round();
  const calm = new Map(collector.spans().map((each) => [each.spanId, each.bytes]));
  expect(calm.size).toBeGreaterThan(8);
  let deaths = 0;
  const other = await startCollector();
  // A new name begins anew; it has to begin before what it is to be sent.
  const destination = toDestination({ ...other, name: "langfuse" });
  const key = { tenant: own, destination: "langfuse", owner: "process 0" };
  const { atMs } = await scene.createdOf(run);
  await store.traces.take({ ...key, nowMs: atMs - 1, untilMs: atMs });
  await store.traces.moveEntries(key, 0n);
  await store.traces.leave(key);
  for (let at = 1; deaths < 20; at += 1) {
    const owner = `process ${at}`;
    // It dies at the n-th thing that it would make durable, before it is or just after.
    let left = 1 + (at % 5);
    const die = async <Value>(what: () => Promise<Value>): Promise<Value> => {
      left -= 1;
      if (left > 0) return what();
      if (at % 2 === 0) await what();
      throw new Error("it died");
    };
    const rows = {
      ...store.traces,
      moveEntries: (...given: Parameters<typeof store.traces.moveEntries>) =>
        die(() => store.traces.moveEntries(...given)),
      noteRun: (...given: Parameters<typeof store.traces.noteRun>) =>
        die(() => store.traces.noteRun(...given)),
    };
    const dying = createExporter({ store, desk, destination, owner, more: { rows } });
    const ended = await dying.round().then(
      () => "done",
      () => "died",
    );
    // Nobody gives back what the dead one had: its time is over by then.
    await store.traces.leave({ ...key, owner });
    if (ended === "died") deaths += 1;
    // All was noted: what is sent from here on is sent again, by one that has forgotten all of it.
    else await forget(store, key);
  }
  await createExporter({ store, desk, destination, owner: "last" }).round();
  const sent = other.spans().filter(({ spanId }) => calm.has(spanId));
  const known = new Map<string, string>();
  for (const { spanId, bytes } of sent) {
    expect(known.get(spanId) ?? bytes).toBe(bytes);
    known.set(spanId, bytes);
  }
  console.log(`${deaths} deaths, ${sent.length} sendings of ${known.size} spans`);
  expect(known).toEqual(calm);
  expect(sent.length).toBeGreaterThan(known.size);
});

type Scene = Paid["scene"];

async function forget({ traces }: Scene["store"], key: Parameters<typeof traces.leave>[0]) {
  await traces.take({ ...key, nowMs: 0, untilMs: 0 });
  await traces.moveSince(key, Number.MAX_SAFE_INTEGER);
  await traces.moveSince(key, 0);
  await traces.moveEntries(key, 0n);
  await traces.leave(key);
}
