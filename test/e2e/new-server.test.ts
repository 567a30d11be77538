import { execFile } from "node:child_process";
import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { createHome } from "./home.ts";

const nodeModules = path.join(import.meta.dirname, "../../node_modules");

test("a scaffolded server passes its own tests and works behind the gate", async () => {
  const home = createHome();
  expect((await home.run("servers", "new", "Notes")).code).toBe(2);
  expect((await home.run("servers", "new", "notes")).code).toBe(0);
  const again = await home.run("servers", "new", "notes");
  expect([again.code, again.err]).toEqual([2, expect.stringContaining("nothing was written")]);

  const directory = path.join(home.directory, "notes");
  const wanted = JSON.parse(readFileSync(path.join(directory, "package.json"), "utf8")) as {
    dependencies: Record<string, string>;
    devDependencies: Record<string, string>;
  };
  // What it asks npm for is what is installed here, so its tests run as they would there.
  for (const [name, version] of Object.entries({
    ...wanted.dependencies,
    ...wanted.devDependencies,
  })) {
    const file = path.join(nodeModules, name, "package.json");
    expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ version });
  }
  symlinkSync(nodeModules, path.join(directory, "node_modules"));
  const run = promisify(execFile);
  const env = { ...process.env, NODE_OPTIONS: "", NODE_TEST_CONTEXT: undefined };
  const tested = await run(process.execPath, ["--test"], { cwd: directory, env });
  expect(tested.stdout).toMatch(/pass 3/);

  writeFileSync(
    path.join(home.directory, "countersign.yaml"),
    "version: 1\npolicy: { rule: allow-all }\n",
  );
  const up = await home.up();
  home.environment["COUNTERSIGN_URL"] = up.url;
  const program = ["--no-sandbox", "--", process.execPath, path.join(directory, "server.js")];
  expect((await home.run("servers", "add", "notes", ...program)).out).toContain("notes is ready");
  const saved = await home.run("tools", "call", "notes__save_note", '{"text":"milk"}', "--json");
  expect(JSON.parse(saved.out)).toMatchObject({ result: { structuredContent: { count: 1 } } });
}, 60_000);
