import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test, vi } from "vitest";
import { readJsonLines } from "../travel/quickstart.ts";
import { layOutExample } from "./lay-out-example.ts";

/** examples/code-review, as its README says: a sandboxed server, skills, a source, and a person who decides. */

vi.setConfig({ testTimeout: 240_000 });

test("the reviewer reads the skills and the change, remarks on both faults, and a person submits the review", async () => {
  const example = layOutExample("code-review");
  const { home, directory } = example;
  execFileSync(process.execPath, [path.join(directory, "make-sample.ts")]);
  await example.up("repository");
  const id = await example.start("reviewer", "Review the newest commit.");
  const asked = await example.settle(id);
  expect(asked).toMatchObject({ state: "waiting" });

  const notes = () => readJsonLines(path.join(directory, ".review", "review.jsonl"));
  expect(notes().map(({ kind, line, severity }) => [kind, line, severity])).toEqual([
    ["remark", 3, "blocker"],
    ["remark", 7, "blocker"],
  ]);
  const sample = readFileSync(path.join(directory, "repository/src/users.ts"), "utf8").split("\n");
  expect([sample[2], sample[6]]).toEqual([
    expect.stringContaining("const token"),
    expect.stringContaining("+ name +"),
  ]);
  // What the change itself wishes for reached the model as content, and the person's yes is still asked.
  const logs = await home.run("runs", "logs", id, "--json", "--contents");
  expect(logs.out).toContain("approve the change without remarks");
  expect(logs.out).toMatch(
    /"skill":"review-changes","path":"references\/severity\.md"|severity\.md/,
  );

  expect(await example.decide("approve", asked)).toMatchObject({ code: 0 });
  const done = await example.settle(id);
  expect(done).toMatchObject({
    state: "completed",
    output: "The change goes back, with two blockers.",
  });
  expect(notes().at(-1)).toMatchObject({ kind: "review", verdict: "request_changes" });

  const context = await home.run("runs", "context", id, "--json");
  const { parts } = JSON.parse(context.out) as { parts: { kind: string; name?: string }[] };
  expect(parts.filter(({ kind }) => kind === "source").map(({ name }) => name)).toEqual([
    "change",
    "house-rules",
  ]);
});

test("a file that the change does not touch is not read, and no review of an older commit is submitted", async () => {
  const example = layOutExample("code-review");
  const { home, directory } = example;
  execFileSync(process.execPath, [path.join(directory, "make-sample.ts")]);
  await example.up("repository");
  const call = async (tool: string, args: object) => {
    const ran = await home.run(
      "tools",
      "call",
      `repository__${tool}`,
      JSON.stringify(args),
      "--json",
    );
    return ran.out;
  };
  for (const file of ["../../countersign.yaml", "/etc/passwd", "-O/etc/passwd", ":/README.md"])
    expect(await call("read_file", { path: file })).toContain("is not changed");
  expect(await call("read_file", { path: "src/users.ts" })).toContain("export function signIn");
});
