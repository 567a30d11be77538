import { expect, test } from "vitest";
import { writtenLog, run } from "../../test/sight/written-log.ts";
import type { RunTrace } from "../client/client.ts";
import { renderTrace } from "./render-trace.ts";
import { toShownTrace } from "../api/show-trace.ts";
import { projectRun } from "../sight/project-run.ts";

const plain = (text: string): string => text;
const paint = { bold: plain, dim: plain, red: plain, green: plain, yellow: plain };
const toTrace = (events = writtenLog): RunTrace => {
  const spans = projectRun({ run, events, model: "smart" });
  return toShownTrace(run, { runs: [{ run, head: events.length, spans }], isCut: false });
};

test("a waterfall shows who called whom, and leaves out an hour in which a person was waited for", async () => {
  const text = renderTrace(toTrace(), paint);
  await expect(`${text}\n`).toMatchFileSnapshot("../../test/golden/run-trace.txt");
  expect(text).toContain("~");
});

test("what has not ended runs on to the end, and a trace may be cut", () => {
  const open = renderTrace({ ...toTrace(writtenLog.slice(0, 11)), cut: true }, paint);
  expect(open).toMatch(/invoke_agent travel +… \|/);
  expect(open).toContain("too long to be shown whole");
});

test("names that a model made up are shown as inert text", () => {
  const trace = toTrace();
  const [first, ...rest] = trace.spans;
  const text = renderTrace(
    { ...trace, spans: [{ ...first!, name: "a\u001b[2J\u202eb" }, ...rest] },
    paint,
  );
  expect(text).toContain("U+001B");
  expect(text).not.toContain("\u001b");
  expect(text).not.toContain("\u202e");
});
