import { expect, test, vi } from "vitest";
import type { RunId } from "../../src/model/index.ts";
import { openAgentsScene, look, own, pay, toTask, type Script } from "./agents-scene.ts";
import { openRunScene, permitAll, toRules } from "./run-scene.ts";

vi.setConfig({ testTimeout: 30_000 });

const forbidWhen = (tool: string, condition: string) => `${permitAll}@id("enough")
forbid (principal, action == Action::"bank__${tool}", resource)
when { context has run && ${condition} };\n`;

/** How the calls of a run ended, one after the other, under these rules. */
async function endsOf(rules: string, turns: Script["turns"] & object): Promise<readonly string[]> {
  const scene = await openAgentsScene({ rules });
  const { run } = await scene.start({ input: toTask({ turns }) });
  const isOver = async () => expect(await stateOf(run)).toBe("completed");
  const stateOf = async (id: RunId) => (await scene.desk.read(own, id)).state;
  await vi.waitFor(isOver, { timeout: 20_000 });
  expect(scene.faults).toEqual([]);
  const events = await scene.desk.events(own, run, { after: 0, limit: 500 });
  const ended = events.flatMap(({ event }) => (event.type === "call.ended" ? [event] : []));
  return ended
    .toSorted((one, other) => one.step - other.step || one.ordinal - other.ordinal)
    .map(({ outcome }) => outcome);
}

test("rules read how many calls a run made: of those made at once each counts the ones before it", async () => {
  const atOnce = Array.from({ length: 5 }, () => look);
  const ends = await endsOf(forbidWhen("look", "context.run.calls >= 3"), [atOnce, [pay("ann")]]);
  expect(ends).toEqual(["answered", "answered", "answered", "denied", "denied", "answered"]);
});

test("rules read the step of a run and what it has spent, as they are when the call is made", async () => {
  const turns = [[pay("ann")], [pay("bob")], [pay("eve")]];
  const three = [["answered", "answered", "denied"]];
  expect([await endsOf(forbidWhen("pay", "context.run.step > 1"), turns)]).toEqual(three);
  // Each answer of the model costs 7.
  expect([await endsOf(forbidWhen("pay", "context.run.spentMicros > 14"), turns)]).toEqual(three);
});

test("I7: a rule of the bundle reads them, too; whoever is no run has none of them", async () => {
  const rules = toRules(forbidWhen("pay", "context.run.calls >= 1"));
  const scene = await openRunScene({ rules: forbidWhen("pay", "context.run.calls >= 2") });
  const worker = scene.worker();
  const ends = [];
  for (const calls of [0, 1, 2]) {
    const facts = { step: 0, calls, spentMicros: 0 };
    const given = { worker, facts, args: { to: "ann", amount: calls }, ordinal: calls };
    const begun = await scene.call({ ...given, rules });
    const now = await scene.call({ ...given, ordinal: calls + 10 });
    ends.push([begun, now].map((each) => (each.kind === "result" ? each.isError : null)));
  }
  expect(ends).toEqual([
    [false, false],
    [true, false],
    [true, true],
  ]);
  const outside = await scene.call({ worker, more: { run: undefined } as never });
  expect(outside).toMatchObject({ isError: false });
});
