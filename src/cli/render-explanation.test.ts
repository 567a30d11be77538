import { expect, test } from "vitest";
import { callCli } from "../../test/call-cli.ts";
import { run, writtenLog } from "../../test/sight/written-log.ts";
import { toShownExplanation } from "../api/show-explanation.ts";
import type { Client, RunExplanation } from "../client/client.ts";
import { nothing } from "../model/budget.ts";
import { explainRun } from "../sight/explain-run.ts";
import { renderExplanation } from "./render-explanation.ts";

const plain = (text: string): string => text;
const paint = { bold: plain, dim: plain, red: plain, green: plain, yellow: plain };
const caps = { micros: 2_000_000, tokens: null, calls: 20 };
const report = { taken: 3, maxSteps: 10, budget: { caps, spent: nothing, held: nothing } };

function toExplanation(events = writtenLog): RunExplanation {
  const explanation = explainRun(run, events);
  const rules = new Map<string, string>();
  return toShownExplanation({ explanation, report: report as never, isCut: false, rules });
}

test("a run is explained in words and columns", async () => {
  const text = renderExplanation(toExplanation(), paint);
  await expect(`${text}\n`).toMatchFileSnapshot("../../test/golden/run-explanation.txt");
});

test("what failed is said with its class, an unknown code as such, and words of others are inert", () => {
  const stopped = toExplanation(writtenLog.slice(0, 20));
  expect(renderExplanation(stopped, paint)).toContain("failed: budget (budget)");
  const { state } = stopped;
  const odd = { ...state, detail: "a\u001b[2Jb", failure: { class: null, code: "odd\u202e" } };
  const text = renderExplanation({ ...stopped, cut: true, state: odd }, paint);
  expect(text).toContain("a code that this version does not know");
  expect(text).toContain("too long to be read whole");
  expect(text).not.toContain("\u001b");
  expect(text).not.toContain("\u202e");
});

test("the command prints it, and as JSON what the server said", async () => {
  const body = toExplanation();
  const client: Partial<Client> = {
    getRunExplanation: async () => ({ status: 200, etag: null, body }),
  };
  const said = await callCli(`runs explain ${run}`, { client });
  expect([said.code, said.out]).toEqual([0, `${renderExplanation(body, paint)}\n`]);
  const json = await callCli(`runs explain ${run} --json`, { client });
  expect(JSON.parse(json.out)).toEqual(body);
});
