import { expect, test } from "vitest";
import { createEngine, script, turnOf } from "../../test/simulation/engine.ts";
import { tenant } from "../../test/simulation/tenant.ts";
import { Fault, type RunId } from "../model/index.ts";
import { advance } from "./advance.ts";

async function stateOf(engine: Awaited<ReturnType<typeof createEngine>>, run: RunId) {
  return (await engine.read(run)).state;
}

const goneBundle = { read: async () => null, readFile: async () => null };
const unreadableBundle = {
  readFile: async () => null,
  read: async () => Promise.reject(new Fault("record_unreadable", "Other bytes are kept.")),
};

test.each([
  ["gone", goneBundle],
  ["unreadable", unreadableBundle],
])(
  "a run whose bundle is %s is parked when it would go on, and can always be cancelled",
  async (_how, bundles) => {
    const model = script([["run__wait", { seconds: 60 }]], "done");
    const engine = await createEngine({ model });
    const without = { ...engine.engine, bundles: () => bundles };
    const { signal } = new AbortController();
    const wake = (run: RunId) => advance(without, { run, tenant, attempt: 0 }, signal);
    const [fresh, waiting, paused] = [
      await engine.start(),
      await engine.start(),
      await engine.start(),
    ];
    await engine.wake(waiting);
    await engine.wake(paused);
    await engine.tell(paused, { kind: "pause", by: "ada" });
    await engine.wake(paused);
    await engine.tell(waiting, { kind: "signal", name: "paid", payload: "" });
    for (const run of [fresh, waiting, paused]) await wake(run);
    expect(await stateOf(engine, fresh)).toBe("parked");
    expect(await stateOf(engine, paused)).toBe("paused");
    expect((await engine.read(fresh)).reason?.detail).toContain("bundle");
    for (const run of [fresh, waiting, paused]) {
      await engine.tell(run, { kind: "cancel", by: "ada" });
      await wake(run);
      expect(await stateOf(engine, run)).toBe("cancelled");
    }
  },
);

test("a run whose bundle is gone is cancelled with its sub-agents, though what they cost is not known", async () => {
  const engine = await createEngine({
    model: (request) => {
      const [first] = request.messages;
      if (first?.role === "user" && first.text === "x") return [["run__wait", { seconds: 60 }]];
      return turnOf(request) === 0 ? [["agents__child", { task: "x" }]] : "done";
    },
  });
  const run = await engine.start();
  await engine.settle();
  const [child] = (await engine.read(run)).children;
  const without = { ...engine.engine, bundles: () => goneBundle };
  await engine.tell(run, { kind: "cancel", by: "ada" });
  for (const each of [run, child!])
    await advance(without, { run: each, tenant, attempt: 0 }, new AbortController().signal);
  expect(await stateOf(engine, run)).toBe("cancelled");
  expect(await stateOf(engine, child!)).toBe("cancelled");
});
