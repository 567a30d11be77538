import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parseCases } from "../../src/adapters/yaml/parse-cases.ts";
import { askScene } from "../../src/policy/ask-scene.ts";
import { findBlastRadius } from "../../src/policy/blast-radius.ts";
import { runCases } from "../../src/policy/cases.ts";
import { explain } from "../../src/policy/explain.ts";
import { openMadeUp, ruleSets, toMadeUpConfig, toMadeUpDesk } from "./company.ts";

const pause = async (): Promise<void> => undefined;
const folder = new URL("./cases/", import.meta.url);
const files = readdirSync(folder).filter((file) => file.endsWith(".cases.yaml"));

const read = (file: string) => {
  const parsed = parseCases(readFileSync(new URL(file, folder), "utf8"));
  if (parsed.kind === "invalid") throw new Error(JSON.stringify(parsed.problems));
  return parsed.cases.map(({ wanted }) => wanted);
};
const rulesOf = (file: string) =>
  file.startsWith("starter") ? ruleSets.starter : ruleSets.company;

test("there are at least two hundred cases, each with its decision and its rule", () => {
  const cases = files.flatMap(read);
  expect(cases.length).toBeGreaterThanOrEqual(200);
  expect(cases.filter(({ rule }) => rule === undefined)).toEqual([]);
});

test.each(Object.entries(ruleSets))("the %s rules hold on the pinned tools", async (_, rules) => {
  const checked = await toMadeUpDesk(toMadeUpConfig(rules)).check(null);
  expect(checked).toMatchObject({ problems: [], warnings: [] });
});

test.each(files)("%s", async (file) => {
  const scene = await openMadeUp(rulesOf(file));
  const results = await runCases(scene, read(file), pause);
  expect(results.filter(({ outcome }) => outcome !== "passed")).toEqual([]);
  scene.close();
});

test.each(files)("%s: whoever is asked about would not be denied anyway", async (file) => {
  const scene = await openMadeUp(rulesOf(file));
  const asked = read(file).filter((each) => each.expect === "ask");
  const approved = asked.map(({ name, as, ...rest }) => {
    const { rule: _rule, approvers: _approvers, obligations: _obligations, ...question } = rest;
    return { ...question, name, as, approved: true, expect: "allow" as const };
  });
  const results = await runCases(scene, approved, pause);
  expect(results.filter(({ outcome }) => outcome !== "passed")).toEqual([]);
  scene.close();
});

test.each(files)(
  "%s: an explanation and a blast radius say the same",
  async (file) => {
    const scene = await openMadeUp(rulesOf(file));
    for (const each of read(file)) {
      const asked = askScene(scene, each, null);
      if (asked.kind === "wrong") throw new Error(asked.problems[0]);
      const { target, facts } = asked;
      const explained = explain(scene, target, facts);
      expect(explained.decision.kind, each.name).toBe(each.expect);
      if (target.kind !== "Tool") continue;
      const { principal, roles } = facts;
      const question = {
        principal,
        roles,
        agent: principal.actor === null ? null : principal,
        isBundleKnown: true,
        toolset: facts.toolset,
      };
      const radius = await findBlastRadius(scene, question, pause);
      const row = radius.tools.find(({ tool }) => tool === target.id)!;
      // What was approved, and a number that rules cannot read, are not what a radius is about.
      if (!facts.approved && each.rule !== "arguments")
        expect(row.possible, each.name).toContain(each.expect);
    }
    scene.close();
  },
  60_000,
);
