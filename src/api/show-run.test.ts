import { expect, test } from "vitest";
import { ada, openRuns } from "../../test/runs/runs-under-test.ts";
import type { ReportedCall } from "../ports/run-desk.ts";

const toCall = (step: number, state: ReportedCall["state"]): ReportedCall => ({
  step,
  ordinal: 0,
  tool: "t__write",
  effect: "write",
  state,
});

test("of a run that did very much, the oldest calls that are over are left out, and none that is open", async () => {
  const { make, change, ask } = await openRuns();
  const run = make(ada);
  const open = [toCall(0, "open"), toCall(1, "unknown"), toCall(2, "waiting")];
  const over = Array.from({ length: 1_500 }, (_, at) => toCall(3 + at, "done"));
  change(run, { calls: [...open, ...over] });
  const { body } = await ask(`/v1/runs/${run}`, "ada");
  const steps = (body.calls as readonly ReportedCall[]).map(({ step }) => step);
  expect(steps).toHaveLength(1_000);
  expect(steps.slice(0, 4)).toEqual([0, 1, 2, 506]);
  expect(steps.at(-1)).toBe(1_502);
});
