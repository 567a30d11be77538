import { expect, test } from "vitest";
import { createEngine, script } from "../../test/simulation/engine.ts";
import { catalog } from "../../test/simulation/parts.ts";
import { Fault } from "../model/index.ts";

const read = (n: number) => ["t__read", { n }] as const;
const write = (n: number) => ["t__write", { n }] as const;
const away = () => Promise.reject(new Fault("upstream_unreachable", "It is away."));

test.each([
  [2, "completed", 3],
  [9, "partial", 5],
])(
  "I4: a keyed call whose answer is lost %i times is made again with its key, at most four times",
  async (times, state, asked) => {
    let lost = 0;
    const engine = await createEngine({
      model: script([write(1)]),
      isLost: () => (lost += 1) <= times,
      engine: { catalog: () => keyed },
    });
    const run = await engine.start();
    await engine.settle();
    for (let waits = 0; waits < 30; waits += 1) await engine.pass(2_000);
    expect((await engine.read(run)).state).toBe(state);
    expect([...engine.disk.effects.values()]).toEqual([1]);
    expect([...engine.disk.asked.values()]).toEqual([asked]);
  },
);

test.each([
  [2, "answered", 3],
  [9, "fault", 5],
])(
  "a server that is away %i times is asked again after a while, at most four times",
  async (times, outcome, most) => {
    let asked = 0;
    const engine = await createEngine({
      model: script([read(1)]),
      gate: (gate) => (request) => ((asked += 1) <= times ? away() : gate.exchange(request)),
    });
    const run = await engine.start();
    await engine.settle();
    expect(asked).toBe(1);
    for (let waits = 0; waits < 30; waits += 1) await engine.pass(2_000);
    const ends = (await engine.events(run)).filter(({ type }) => type === "call.ended");
    expect(ends).toMatchObject([{ outcome }]);
    expect(asked).toBe(most);
  },
);

test("a call whose answer is lost is not made again where its tool takes no key", async () => {
  const engine = await createEngine({ model: script([write(1)]), isLost: () => true });
  const run = await engine.start();
  await engine.settle();
  expect((await engine.read(run)).state).toBe("partial");
  expect([...engine.disk.asked.values()]).toEqual([1]);
});

const keyed = {
  ...catalog,
  toolsets: new Map(
    [...catalog.toolsets].map(([name, toolset]) => [
      name,
      {
        ...toolset,
        tools: new Map(
          [...toolset.tools].map(([exposed, tool]) => [
            exposed,
            { ...tool, config: { ...tool.config, idempotencyKey: "example.com/key" } },
          ]),
        ),
      },
    ]),
  ),
};
