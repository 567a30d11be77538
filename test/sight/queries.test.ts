import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { metrics, toWireName, type MetricName } from "../../src/ports/metrics.ts";
import { alerts } from "../../src/sight/alerts.ts";
import { recordedRules } from "../../src/sight/burn-rates.ts";
import { dashboards } from "../../src/sight/dashboards.ts";
import { toRuleFile } from "../../src/sight/rules.ts";
import { listSeries, readGrouping, readSelectors } from "./read-promql.ts";

const queries = [
  ...alerts.map(({ name, expr }) => ({ from: name, expr })),
  ...recordedRules.map(({ record, expr }) => ({ from: record, expr })),
  ...dashboards.flatMap(({ title, panels }) =>
    panels.flatMap((panel) =>
      panel.queries.map(({ expr }) => ({ from: `${title}, ${panel.title}`, expr })),
    ),
  ),
];

test("every query is about series of the metric table, and labels that they have", () => {
  const known = listSeries();
  const wrong: string[] = [];
  for (const { from, expr } of queries) {
    const selectors = readSelectors(expr);
    expect(selectors, from).not.toEqual([]);
    const labels = new Set(selectors.flatMap(({ name }) => known.get(name) ?? []));
    for (const selector of selectors) {
      const has = known.get(selector.name);
      if (has === undefined) wrong.push(`${from}: there is no ${selector.name}`);
      for (const label of selector.labels)
        if (has?.includes(label) === false) wrong.push(`${from}: ${selector.name} has no ${label}`);
    }
    for (const label of readGrouping(expr))
      if (!labels.has(label)) wrong.push(`${from}: nothing has ${label}`);
  }
  expect(wrong).toEqual([]);
});

test("the reading of queries finds a metric and a label that are not there", () => {
  const [one] = readSelectors(
    'sum by (server) (rate(countersign_no_such_total{tool="x y",le!="1"}[5m]))',
  );
  expect(one).toEqual({ name: "countersign_no_such_total", labels: ["tool", "le"] });
  expect(listSeries().has("countersign_no_such_total")).toBe(false);
  expect(readGrouping("max by (a, b) (x) and on () y")).toEqual(["a", "b"]);
});

test("the seven targets of the stack are there", () => {
  const text = JSON.stringify(toRuleFile());
  for (const target of [
    'mcp_tool_call_duration_seconds_bucket{le=~\\"0.2([.]0)?\\"}',
    'countersign_model_first_token_seconds_bucket{le=~\\"0.5([.]0)?\\"}',
    'countersign_model_tokens_per_second_bucket{le=~\\"30([.]0)?\\"}',
    "DCGM_FI_DEV_GPU_UTIL[15m])) < 70",
    ") > 10",
    'slo=\\"tool_success\\"} > 0.072',
    'slo=\\"task_completion\\"} > 0.72',
  ])
    expect(text).toContain(target);
});

test("every metric that a page of the documents names is in the table", () => {
  const known = new Set((Object.keys(metrics) as MetricName[]).map(toWireName));
  const folder = new URL("../../docs/", import.meta.url);
  const wrong = readdirSync(folder)
    .filter((name) => name.endsWith(".md"))
    .flatMap((name) => {
      const page = readFileSync(new URL(name, folder), "utf8");
      const named = page.matchAll(/`((?:countersign_|mcp_tool_)[a-z_]*[a-z])(?:`|\{| )/g);
      return [...named].flatMap(([, each]) => (known.has(each!) ? [] : [`${name}: ${each}`]));
    });
  expect(wrong).toEqual([]);
});

test("each alert has a section in its runbook, and each section an alert", () => {
  const page = readFileSync(new URL("../../docs/alerts.md", import.meta.url), "utf8");
  const sections = [...page.matchAll(/^### (Countersign\w+)$/gm)].map(([, name]) => name!);
  const names = [...new Set(alerts.map(({ name }) => name))];
  expect(new Set(sections)).toEqual(new Set(names));
  expect(sections).toHaveLength(names.length);
  for (const part of page.split(/^### /m).slice(1))
    for (const word of ["Means", "Look", "Quiet"]) expect(part).toContain(`**${word}:**`);
});
