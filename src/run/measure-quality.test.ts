import { expect, test } from "vitest";
import { createEngine, result, script, turnOf } from "../../test/simulation/engine.ts";
import { RpcRefusal, rpcCodes } from "../mcp/rpc-error.ts";

const words = (text: string) => async () => result(text);

test("a run that ends has its figures in the log before its end, in its report, and as metrics", async () => {
  const model = script(
    [["t__read", { n: 1 }]],
    [["t__read", { n: 1 }]],
    [["t__nothing", {}]],
    "It is the Adlon.",
  );
  const engine = await createEngine({ model, gate: () => words("the Adlon, 4711") });
  const id = await engine.start();
  await engine.settle();
  const events = await engine.events(id);
  expect(events.slice(-2).map(({ type }) => type)).toEqual(["context.measured", "run.completed"]);
  const { quality } = await engine.read(id);
  expect(quality).toMatchObject({
    calls: 3,
    wellFormed: 2,
    repeated: 1,
    results: 2,
    judged: 2,
    unused: 0,
    isSampled: false,
  });
  expect(quality!.window!.largest).toBeGreaterThan(0);
  const { telemetry } = engine;
  const shares = ["well_formed", "repeated", "contradictions", "unused", "stale_facts"].map(
    (measure) => telemetry.values("context_quality", { agent: "parent", measure }),
  );
  // No fact was read, so there is no share of them.
  expect(shares).toEqual([[2 / 3], [1 / 3], [0], [0], []]);
  for (const part of ["instructions", "tools", "conversation", "sources", "largest"])
    expect(telemetry.values("context_window_share", { part })).toHaveLength(1);
  expect(telemetry.value("telemetry_refusals", { reason: "labels" })).toBeUndefined();
});

test("arguments that a tool does not take are noted as such, and a tool that is gone is not", async () => {
  const problems = {
    data: { problems: [{ pointer: "/n", message: "is no number" }] },
    status: 200,
  };
  const refusals = [
    new RpcRefusal(rpcCodes.invalidParams, "Invalid arguments", problems),
    new RpcRefusal(rpcCodes.invalidParams, "Unknown tool", { status: 200 }),
  ];
  const engine = await createEngine({
    model: script([["t__read", { n: 1 }]], [["t__read", { n: 2 }]]),
    gate: () => () => Promise.reject(refusals.shift()!),
  });
  const id = await engine.start();
  await engine.settle();
  const ended = (await engine.events(id)).filter(({ type }) => type === "call.ended");
  expect(ended.map((event) => "isMalformed" in event)).toEqual([true, false]);
  expect((await engine.read(id)).quality).toMatchObject({ calls: 2, wellFormed: 1 });
});

test("more than a mebibyte of results is sampled, and the figures say so", async () => {
  const long = "Adlon ".repeat(16_000);
  let asked = 0;
  const turns = 40;
  const engine = await createEngine({
    model: (request) =>
      turnOf(request) < turns ? [["t__read", { n: turnOf(request) }]] : "It is so.",
    gate: () => async () => result(`${long}${10_000 + (asked += 1)}`),
    limits: { maxSteps: 60 },
  });
  const id = await engine.start();
  await engine.settle();
  const { quality, state } = await engine.read(id);
  expect([state, quality?.results, quality?.isSampled]).toEqual(["completed", turns, true]);
  expect(quality!.judged).toBeGreaterThan(4);
  expect(quality!.judged).toBeLessThan(12);
  expect(quality!.unused).toBe(quality!.judged);
});

test("a run ends all the same where measuring fails: it is logged and counted, and there is no event", async () => {
  let isBroken = false;
  const engine = await createEngine({
    model: (request) => {
      isBroken = turnOf(request) === 1;
      return isBroken ? "done" : [["t__read", { n: 1 }]];
    },
  });
  const { runs } = engine.store;
  const read = runs.read.bind(runs);
  runs.read = (id, page) => (isBroken ? Promise.reject(new TypeError("a bug")) : read(id, page));
  const id = await engine.start();
  await engine.settle();
  isBroken = false;
  expect(await engine.read(id)).toMatchObject({ state: "completed", quality: null });
  expect((await engine.events(id)).map(({ type }) => type)).not.toContain("context.measured");
  expect(engine.telemetry.value("context_measuring_faults")).toBe(1);
  expect(engine.telemetry.lines.join("")).toContain("could not be measured");
});

test("a run that was cancelled is measured as well", async () => {
  const engine = await createEngine({ model: script([["run__wait", { seconds: 60 }]]) });
  const id = await engine.start();
  await engine.settle();
  await engine.tell(id, { kind: "cancel", by: "ada" });
  await engine.settle();
  const { state, quality } = await engine.read(id);
  expect([state, quality?.calls]).toEqual(["cancelled", 1]);
});
