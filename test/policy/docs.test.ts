import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parseCases } from "../../src/adapters/yaml/parse-cases.ts";
import { runCases } from "../../src/policy/cases.ts";
import { listFences } from "../docs/read-page.ts";
import { openMadeUp, toMadeUpConfig, toMadeUpDesk } from "./company.ts";

const read = (name: string) =>
  readFileSync(new URL(`../../docs/${name}.md`, import.meta.url), "utf8");
const page = read("policy");
const rules = { page: listFences(page, "cedar").join("\n") };

test("the rules on the page hold on tools", async () => {
  const checked = await toMadeUpDesk(toMadeUpConfig(rules)).check(null);
  expect(checked).toMatchObject({ problems: [], warnings: [] });
  expect(checked.rules).toBeGreaterThanOrEqual(5);
});

test("the rules on the page about approvals hold on tools", async () => {
  const shown = { page: listFences(read("approvals"), "cedar").join("\n") };
  const checked = await toMadeUpDesk(toMadeUpConfig(shown)).check(null);
  expect(checked).toMatchObject({ problems: [], warnings: [], rules: 1 });
});

test("the cases on the page pass", async () => {
  const [text = ""] = listFences(page, "yml");
  const parsed = parseCases(text);
  if (parsed.kind === "invalid") throw new Error(JSON.stringify(parsed.problems));
  const scene = await openMadeUp(rules);
  const wanted = parsed.cases.map((each) => each.wanted);
  const results = await runCases(scene, wanted, async () => undefined);
  scene.close();
  expect(results.map(({ outcome }) => outcome)).toEqual(["passed", "passed", "passed"]);
});
