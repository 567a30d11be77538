import { expect, test, vi } from "vitest";
import { fromEntryBytes, toLeafHash, type RunId } from "../../src/model/index.ts";
import {
  agent,
  ask,
  look,
  openAgentsScene,
  own,
  pay,
  toTask,
  type Script,
} from "./agents-scene.ts";
import { allowAll } from "./run-scene.ts";

vi.setConfig({ testTimeout: 30_000 });

/** The entries of a run that has done this, as they became durable, each with its leaf hash. */
async function entriesOf(script: Script) {
  const agents = { clerk: agent({ agents: ["other"] }), other: agent() };
  const scene = await openAgentsScene({ ...allowAll, agents });
  const { run } = await scene.start({ input: toTask(script) });
  const stateOf = async (id: RunId) => (await scene.desk.read(own, id)).state;
  await vi.waitFor(async () => expect(await stateOf(run)).toBe("completed"), { timeout: 20_000 });
  expect(scene.faults).toEqual([]);
  const rows = await scene.store.entries.page(own, { after: 0n, limit: 100 });
  return rows
    .map(({ bytes }) => ({ entry: fromEntryBytes(bytes), leaf: toLeafHash(bytes) }))
    .flatMap(({ entry, leaf }) =>
      entry.kind === "intent" || entry.kind === "outcome" ? [{ ...entry, leaf }] : [],
    )
    .filter((entry) => entry.run === run);
}

test("I5: the effects of a run are a chain, from the last one back to the first", async () => {
  const turns = [[pay("ann"), look, pay("bob")], [pay("eve")]];
  const entries = await entriesOf({ turns });
  const effects = entries.filter(({ tool }) => tool === "pay");
  expect(effects.map(({ kind }) => kind)).toEqual(
    [1, 2, 3].flatMap(() => ["intent", "outcome"] as const),
  );
  expect(effects.map(({ previous }) => previous)).toEqual([
    null,
    ...effects.slice(0, -1).map(({ leaf }) => leaf),
  ]);
  const [read, ...others] = entries.filter(({ tool }) => tool === "look");
  expect(others).toEqual([]);
  expect(read!.previous).toBe(effects[1]!.leaf);
});

test("I5: calls of other agents that are made at once point to what was there before them", async () => {
  const both = [ask("other", { says: "one" }), ask("other", { says: "two" })];
  const [first, ...rest] = await entriesOf({ turns: [[pay("ann")], both, [pay("bob")]] });
  expect(first).toMatchObject({ tool: "pay", previous: null });
  const known = new Set([first!.leaf]);
  for (const { previous, leaf } of rest) {
    expect(known).toContain(previous);
    known.add(leaf);
  }
  const last = rest.findLast(({ kind }) => kind === "intent");
  expect(last).toMatchObject({ tool: "pay" });
});
