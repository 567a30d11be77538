import { expect, test } from "vitest";
import { createEngine, turnOf } from "../../test/simulation/engine.ts";
import type { RunId } from "../model/index.ts";

const resume = { kind: "resume", by: "ada", caps: null, maxSteps: null, deadlineMs: null } as const;

/** A sub-agent that did one thing of two, and its parent, which has ended. */
async function openPartial() {
  const engine = await createEngine({
    model: (request) => {
      const [first] = request.messages;
      const isChild = first?.role === "user" && first.text === "child";
      if (turnOf(request) > 0) return "done";
      return isChild
        ? [
            ["t__write", { n: 1 }],
            ["t__errs", { n: 2 }],
          ]
        : [["agents__child", { task: "child" }]];
    },
  });
  const parent = await engine.start();
  await engine.settle();
  const events = await engine.events(parent);
  const child = events.flatMap((event) => (event.type === "child.started" ? [event.run] : []))[0]!;
  const stateOf = async (run: RunId) => (await engine.read(run)).state;
  expect([await stateOf(parent), await stateOf(child)]).toEqual(["completed", "partial"]);
  return { engine, child, stateOf };
}

test("what a sub-agent did in part stays said after its parent has ended, whoever wakes it", async () => {
  const { engine, child, stateOf } = await openPartial();
  await engine.wake(child);
  expect(await stateOf(child)).toBe("partial");
});

test.each([resume, { kind: "compensate", by: "ada" } as const])(
  "nobody would hear what it did now: $kind is dropped",
  async (word) => {
    const { engine, child, stateOf } = await openPartial();
    await engine.tell(child, word);
    await engine.settle();
    expect(await stateOf(child)).toBe("partial");
    expect((await engine.events(child)).at(-1)).toMatchObject({ type: "letter.dropped" });
  },
);
