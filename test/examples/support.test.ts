import { mkdirSync } from "node:fs";
import path from "node:path";
import { expect, test, vi } from "vitest";
import { readJsonLines } from "../travel/quickstart.ts";
import { layOutExample } from "./lay-out-example.ts";

/** examples/support, as its README says: sources of every kind, a memory between runs, and a person who decides. */

vi.setConfig({ testTimeout: 240_000 });

const question =
  "Dana Whitfield's kettle leaks. She wants her money back, and letters on paper, not email.";

test("the desk pays back once a person agreed, and remembers in the next run what it was told in this one", async () => {
  const example = layOutExample("support");
  const { home, directory } = example;
  mkdirSync(path.join(directory, ".support"));
  await example.up("desk");
  const refunds = () => readJsonLines(path.join(directory, ".support", "refunds.jsonl"));

  const first = await example.start("support", question);
  const asked = await example.settle(first);
  expect([asked.state, refunds()]).toEqual(["waiting", []]);
  expect(await example.decide("approve", asked)).toMatchObject({ code: 0 });
  const done = await example.settle(first);
  expect(done.state).toBe("completed");
  expect(done.output).toContain("49 for order O-77310 is paid back");
  expect(refunds()).toMatchObject([
    { order: "O-77310", amount: 49, key: expect.any(String) as string },
  ]);

  const sources = async (id: string) => {
    const { out } = await home.run("runs", "context", id, "--json");
    const { parts } = JSON.parse(out) as {
      parts: { kind: string; name?: string; tokens: number }[];
    };
    return parts.filter(({ kind }) => kind === "source");
  };
  expect(new Set((await sources(first)).map(({ name }) => name))).toEqual(
    new Set(["opening-hours", "returns-rules", "what-i-know", "whom-i-act-for"]),
  );

  const second = await example.start("support", "Dana Whitfield: how shall we write to her?");
  expect(await example.settle(second)).toMatchObject({
    state: "completed",
    output: "On paper, and no email.",
  });
  // It stood in the context before the model asked for it.
  const logs = await home.run("runs", "logs", second, "--json", "--contents");
  expect(logs.out).toMatch(/what-i-know[^\n]*letters on paper/);
});

test("denied, nothing is paid back", async () => {
  const example = layOutExample("support");
  mkdirSync(path.join(example.directory, ".support"));
  await example.up("desk");
  const id = await example.start("support", question);
  const asked = await example.settle(id);
  expect(await example.decide("deny", asked)).toMatchObject({ code: 0 });
  const done = await example.settle(id);
  expect(done.output).toContain("Nothing was paid back.");
  expect(readJsonLines(path.join(example.directory, ".support", "refunds.jsonl"))).toEqual([]);
});
