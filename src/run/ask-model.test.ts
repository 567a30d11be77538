import { expect, test } from "vitest";
import { createEngine, script } from "../../test/simulation/engine.ts";
import { toDigest } from "../model/index.ts";

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
