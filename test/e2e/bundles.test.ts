import { existsSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { toBookingDocument } from "./booking-document.ts";
import { createHome } from "./home.ts";

const toAgents = (more = "") => `agents:
  travel:
    description: Books flights.
    model: fast
    instructionsFile: prompts.md
    tools: [booking__book]${more}
  broken:
    description: Has a tool that is not there.
    model: fast
    instructions: Break.
    tools: [booking__boko]
`;

test("I7: bundles from the command line: built, shown, kept over a change, and compared in words", async () => {
  const home = createHome();
  const effects = path.join(home.directory, "effects.jsonl");
  const write = (file: string, text: string) =>
    writeFileSync(path.join(home.directory, file), text);
  write("demo.yaml", "name: demo\nturns:\n  - say: hi\n");
  write("prompts.md", "Book flights.\n");
  write("countersign.yaml", toBookingDocument(effects, toAgents()));
  const first = await home.up();
  home.environment["COUNTERSIGN_URL"] = first.url;

  // At once, before the server was heard of: the build waits for it.
  const built = await home.run("bundle", "build", "travel");
  expect([built.code, built.err]).toEqual([0, ""]);
  const digest = built.out.trim();
  expect(digest).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect((await home.run("bundle", "build", "travel")).out.trim()).toBe(digest);
  const listed = await home.run("bundle", "show");
  expect(listed.out).toContain(`travel  ${digest.slice(0, 19)}  Books flights.`);
  expect(listed.out).toMatch(/broken +none +.*Did you mean booking__book\?/);
  expect((await home.run("bundle", "build", "broken")).code).toBe(11);
  expect(await home.run("bundle", "build", "travle")).toMatchObject({
    code: 3,
    err: expect.stringContaining("Did you mean travel?") as string,
  });

  write("prompts.md", "Book flights.\nAsk first.\n");
  write("countersign.yaml", toBookingDocument(effects, toAgents("\n    maxTokens: 9")));
  expect((await home.run("apply")).code).toBe(0);
  const diff = await home.run("bundle", "diff", digest, "travel");
  expect([diff.code, diff.out.trimEnd().split("\n")]).toEqual([
    0,
    [
      "  model fast: maxTokens 4096 → 9",
      '  instructions changed (line 2: "" → "Ask first.", 2 → 3 lines)',
    ],
  ]);
  const json = JSON.parse((await home.run("bundle", "diff", digest, "travel", "--json")).out) as {
    changes: readonly { component: string }[];
  };
  expect(json.changes.map(({ component }) => component)).toEqual(["model fast", "instructions"]);
  first.kill("SIGTERM");
  expect(await first.ended).toBe(0);

  const second = await home.up();
  home.environment["COUNTERSIGN_URL"] = second.url;
  const shown = JSON.parse((await home.run("bundle", "show", digest, "--json")).out) as {
    digest: string;
    bundle: { instructions: string; tools: readonly { exposed: string }[] };
  };
  expect(shown).toMatchObject({
    digest,
    bundle: { instructions: "Book flights.\n", tools: [{ exposed: "booking__book" }] },
  });
  const text = await home.run("bundle", "show", "travel");
  expect(text.out).toMatch(/model fast: demo\n.*at most 9 tokens/);
  expect(text.out).toMatch(/booking__book +write +sha256:/);
  expect(existsSync(effects)).toBe(false);
}, 90_000);
