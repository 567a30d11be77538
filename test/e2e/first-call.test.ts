import path from "node:path";
import { expect, test } from "vitest";
import { createHome } from "./home.ts";

const fixture = path.join(import.meta.dirname, "../mcp/fixture-stdio.ts");

/** The path of docs/gate.md, in an empty directory, as its reader types it. */
test("the quick path: from an empty directory to the first governed call", async () => {
  const home = createHome();
  const startedMs = performance.now();
  const took: string[] = [];
  const note = (step: string): void =>
    void took.push(`${step} ${Math.round(performance.now() - startedMs)} ms`);

  expect((await home.run("init", "--yes")).code).toBe(0);
  note("init");
  const up = await home.up();
  note("up");
  home.environment["COUNTERSIGN_URL"] = up.url;
  const program = ["--no-sandbox", "--reads", "echo", "--", process.execPath, fixture, "legacy"];
  const added = await home.run("servers", "add", "first", ...program);
  expect([added.code, added.out]).toEqual([0, expect.stringContaining("first is ready")]);
  note("servers add");
  // What was not called a read is an effect, and a person has to approve it.
  const asked = await home.run("tools", "call", "first__counts");
  expect([asked.code, asked.out]).toEqual([6, expect.stringContaining("starter/effects-ask")]);
  const called = await home.run("tools", "call", "first__echo", '{"text":"hi"}');
  expect([called.code, called.out]).toEqual([0, expect.stringContaining("hi ×1")]);
  note("tools call");
  console.log(`the first governed call: ${took.join(", ")}`);
}, 60_000);
