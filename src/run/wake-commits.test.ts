import { expect, test, vi } from "vitest";
import { createEngine, script } from "../../test/simulation/engine.ts";

const waiting = script([["run__wait_for_signal", { seconds: 60 }]]);

async function openWaiting() {
  let asked = 0;
  const engine = await createEngine({
    model: (request, ask) => ((asked += 1), waiting(request, ask)),
  });
  const commit = vi.spyOn(engine.store, "commit");
  const run = await engine.start();
  await engine.settle();
  const typesOf = async () => (await engine.events(run)).map(({ type }) => type);
  return { engine, run, commit, typesOf, readAsked: () => asked };
}

const signal = { kind: "signal", name: "go", payload: "now" } as const;

test("a run that begins or is signalled asks its model after one commit, which says all of it", async () => {
  const { engine, run, commit, typesOf } = await openWaiting();
  const begun = ["run.created", "run.started", "model.asked"];
  expect((await typesOf()).slice(0, 3)).toEqual(begun);
  const before = await typesOf();
  commit.mockClear();
  await engine.tell(run, signal);
  await engine.settle();
  const heard = ["signal.received", "call.ended", "run.woken", "model.asked"];
  expect((await typesOf()).slice(before.length, before.length + 4)).toEqual(heard);
  expect(commit.mock.calls[0]![0].append!.events).toHaveLength(heard.length);
  expect((await engine.read(run)).state).toBe("completed");
});

test("I6: whoever dies before that commit has heard nothing: the next one hears the same, once", async () => {
  const { engine, run, commit, typesOf, readAsked } = await openWaiting();
  const [before, askedBefore] = [await typesOf(), readAsked()];
  await engine.tell(run, signal);
  commit.mockRejectedValueOnce(new Error("the worker is gone"));
  commit.mockRejectedValueOnce(new Error("the worker is gone"));
  await expect(engine.wake(run)).rejects.toThrow("gone");
  expect([await typesOf(), readAsked()]).toEqual([before, askedBefore]);
  await engine.wake(run);
  const heard = (await typesOf()).filter((type) => type === "signal.received");
  expect([heard.length, (await engine.read(run)).state]).toEqual([1, "completed"]);
});

test("a signal that a waiting run does not wait for is durable before the run rests", async () => {
  const engine = await createEngine({
    model: script([["run__wait_for_signal", { seconds: 60, name: "other" }]]),
  });
  const run = await engine.start();
  await engine.settle();
  await engine.tell(run, signal);
  await engine.settle();
  expect((await engine.events(run)).at(-1)!.type).toBe("signal.received");
  expect((await engine.read(run)).state).toBe("waiting");
});
