import { appendFileSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { ensureConsole } from "../../bin/bootstrap/console.js";
import { makeCheckout } from "./made-up-checkout.ts";

/** What stands for Vite: it counts its runs and writes a page, or fails. */
const vite = `
import { appendFileSync, existsSync, writeFileSync } from "node:fs";
appendFileSync("vite-runs", process.argv.slice(2).join(" ") + "\\n");
if (existsSync("vite-fails")) { console.error("made up: no such module"); process.exit(1); }
writeFileSync("console/dist/index.html", "a page");
`;

function makeHouse() {
  const root = makeCheckout();
  mkdirSync(path.join(root, "node_modules", "vite", "bin"), { recursive: true });
  writeFileSync(path.join(root, "node_modules", "vite", "bin", "vite.js"), vite);
  writeFileSync(path.join(root, "vite-runs"), "");
  const build = () => ensureConsole(root, process.execPath);
  const runs = () => readFileSync(path.join(root, "vite-runs"), "utf8").split("\n").length - 1;
  const change = (file: string, aheadMs: number) => {
    appendFileSync(path.join(root, file), " ");
    const at = new Date(Date.now() + aheadMs);
    utimesSync(path.join(root, file), at, at);
  };
  return { root, build, runs, change };
}

test("the console is built again only when something that it is made from is newer", async () => {
  const { build, runs, change } = makeHouse();
  await build();
  expect(runs()).toBe(0);
  change("src/model/state.ts", 5_000);
  await build();
  expect(runs()).toBe(1);
  change("src/model/state.ts", -60_000);
  await build();
  expect(runs()).toBe(1);
  change("console/index.html", 5_000);
  await build();
  expect(runs()).toBe(2);
  change("console/dist/other.js", 60_000);
  change("console/index.html", -60_000);
  await build();
  expect(runs()).toBe(2);
});

test("a build that fails ends the command, and the next one tries again", async () => {
  const { root, build, runs, change } = makeHouse();
  change("src/model/state.ts", 5_000);
  writeFileSync(path.join(root, "vite-fails"), "");
  await expect(build()).rejects.toThrow("The console could not be built. What it said is above.");
  await expect(build()).rejects.toThrow("could not be built");
  expect(runs()).toBe(2);
});
