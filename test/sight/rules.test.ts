import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { isOnPath } from "../../bin/bootstrap/system-packages.js";
import { alerts } from "../../src/sight/alerts.ts";
import { systemPath } from "../bootstrap/clone-house.ts";
import { makeFolder } from "../bootstrap/made-up-checkout.ts";
import { healthy, scenarios, type Values } from "./rule-scenarios.ts";

const rules = fileURLToPath(new URL("../../deploy/alerts/countersign.rules.yaml", import.meta.url));
const missing = !isOnPath("promtool", systemPath);
if (missing) console.log("NOT RUN: rules of alerts: there is no promtool; install prometheus");

function promtool(...args: readonly string[]): string {
  // What it says of a wrong expectation is in the error; printed as well, it reads like a failed test.
  const stdio = ["ignore", "pipe", "pipe"] as const;
  return execFileSync("promtool", args, { encoding: "utf8", timeout: 120_000, stdio: [...stdio] });
}

interface Check {
  readonly values: Values;
  readonly expr: string;
  readonly at: string;
  readonly found: readonly string[];
}

const dayMinutes = 24 * 60;

function toMinutes(at: string): number {
  const of = (unit: string): number => Number(new RegExp(`(\\d+)${unit}`).exec(at)?.[1] ?? 0);
  return of("d") * dayMinutes + of("h") * 60 + of("m");
}

/** Days at the pace of ten minutes: promtool evaluates every rule at every step. */
function toStep(at: string): number {
  return toMinutes(at) > 3 * 60 ? 10 : 1;
}

function toText(value: Values[string], step: number, count: number): string {
  if (typeof value === "string") return value;
  if (typeof value === "number") return `${value}x${count}`;
  return `0+${Number((value.perMinute * step).toFixed(6))}x${count}`;
}

function toGroup({ values, expr, at, found }: Check) {
  const step = toStep(at);
  const count = Math.ceil(toMinutes(at) / step) + 1;
  return {
    interval: `${step}m`,
    input_series: Object.entries(values).map(([series, value]) => ({
      series,
      values: toText(value, step, count),
    })),
    promql_expr_test: [
      { expr, eval_time: at, exp_samples: found.map((labels) => ({ labels, value: 1 })) },
    ],
  };
}

const readGroups = (): readonly string[] =>
  (parse(readFileSync(rules, "utf8")) as { groups: { name: string }[] }).groups.map(
    ({ name }) => name,
  );

/** Throws with what promtool says where something is otherwise. */
function checkGroups(groups: readonly Check[]): string {
  const file = path.join(makeFolder(), "tests.yaml");
  const step = Math.max(...groups.map(({ at }) => toStep(at)));
  const tests = groups.map(toGroup);
  // What is recorded comes before the alerts on it, and not as it is drawn.
  const group_eval_order = readGroups();
  const evaluation_interval = `${step}m`;
  const whole = { rule_files: [rules], group_eval_order, evaluation_interval, tests };
  writeFileSync(file, stringify(whole));
  return promtool("test", "rules", file);
}

const firing = 'ALERTS{alertstate="firing"}';

test("every alert has a scenario, and every scenario an alert", () => {
  const toKeys = (all: readonly { severity: string }[], name: string) =>
    all.map((each) => `${(each as Record<string, string>)[name]} ${each.severity}`).toSorted();
  expect(toKeys(scenarios, "alert")).toEqual(toKeys(alerts, "name"));
});

test("what a scenario changes is there in the healthy system", () => {
  for (const { values, alert } of scenarios)
    for (const series of Object.keys(values)) expect(Object.keys(healthy), alert).toContain(series);
});

test.skipIf(missing)("promtool reads the rules", () => {
  expect(promtool("check", "rules", rules)).toMatch(/SUCCESS: \d+ rules found/);
});

test.skipIf(missing)(
  "in a healthy system no alert fires, be it young or old",
  { timeout: 120_000 },
  () => {
    for (const at of ["5m", "30m", "2h", "8h", "1d1h"])
      expect(checkGroups([{ values: healthy, expr: firing, at, found: [] }])).toContain("SUCCESS");
  },
);

test.skipIf(missing).each(scenarios)(
  "$alert fires as $severity",
  { timeout: 120_000 },
  (scenario) => {
    const { alert, severity, values, at } = scenario;
    const labels = `{alertname="${alert}", severity="${severity}"}`;
    const is = `alertname="${alert}",severity="${severity}"`;
    const expr = `count by (alertname, severity) (ALERTS{alertstate="firing",${is}})`;
    expect(
      checkGroups([
        { values: { ...healthy, ...values }, expr, at, found: [labels] },
        { values: healthy, expr, at, found: [] },
      ]),
    ).toContain("SUCCESS");
  },
);

test.skipIf(missing)("a wrong expectation is noticed", () => {
  const wrong = { values: healthy, expr: firing, at: "30m", found: ['{alertname="None"}'] };
  expect(() => checkGroups([wrong])).toThrow("promtool");
});

test.skipIf(missing)("few calls burn no budget: one of three that fails pages nobody", () => {
  const values = {
    'mcp_tool_call_total{server="shop",tool_name="pay",outcome="answered"}': "0 1 2 3x120",
    'mcp_tool_call_errors_total{server="shop",tool_name="pay",kind="tool_error"}': "0 0 1 1x120",
  };
  const expr = 'count(ALERTS{alertname="CountersignToolSuccessBurn"})';
  expect(checkGroups([{ values, expr, at: "1h", found: [] }])).toContain("SUCCESS");
});
