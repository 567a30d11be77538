import { expect, test } from "vitest";
import { createEngine, script } from "../../test/simulation/engine.ts";
import { Fault, toDigest } from "../model/index.ts";

test("who reads the events of a run cannot try guesses on the arguments of its calls", async () => {
  const engine = await createEngine({
    model: script([
      ["t__write", { n: 4_711 }],
      ["t__errs", "not JSON"],
      ["t__errs", { n: 4_712 }],
    ]),
    bundle: { compensations: { t__write: { tool: "t__ask", args: { of: "/args/n" } } } },
  });
  const run = await engine.start();
  await engine.settle();
  await engine.tell(run, { kind: "compensate", by: "ada" });
  await engine.settle();
  const events = JSON.stringify(await engine.events(run));
  const guesses = ['{"n":4711}', "not JSON", '{"n":4712}', "{}", '{"of":4711}', "Go."];
  expect(events).toContain("compensation.planned");
  for (const guess of guesses) expect(events).not.toContain(toDigest(guess));
});

const away = (isOwed: boolean) =>
  new Fault("model_unavailable", "It said nothing.", { details: isOwed ? { isOwed } : {} });

test.each([
  ["may have to be paid costs what was held", true, 10],
  ["took nothing costs nothing beside the answer", false, 7],
])("I8: a backend before the one that answers that %s", async (_, isOwed, micros) => {
  const engine = await createEngine({
    model: (_request, ask) => (ask.onFailed?.(away(isOwed)), "done"),
  });
  const run = await engine.start();
  await engine.settle();
  const answered = (await engine.events(run)).find(({ type }) => type === "model.responded");
  expect(answered).toMatchObject({ cost: { micros } });
});

test.each([
  ["may have to be paid costs what was held", true, 10],
  ["took nothing costs nothing", false, 0],
])("I8: an answer that did not come from a backend that %s", async (_, isOwed, micros) => {
  const engine = await createEngine({
    model: (_request, ask) => {
      ask.onFailed?.(away(isOwed));
      throw away(isOwed);
    },
  });
  const run = await engine.start();
  await engine.settle();
  const failed = (await engine.events(run)).find(({ type }) => type === "model.failed");
  expect(failed).toMatchObject({ cost: { micros } });
});
