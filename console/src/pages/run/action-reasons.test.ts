import { expect, test } from "vitest";
import { runStates, type RunState } from "../../../../src/model/run-states.ts";
import { noRaise, readRaise, toActionReason, toBound, type RunAction } from "./action-reasons.ts";

const actions = ["resume", "pause", "signal", "fork", "compensate", "cancel"] as const;

test.each<[RunState, readonly RunAction[]]>([
  ["queued", ["pause", "signal", "fork", "cancel"]],
  ["running", ["pause", "signal", "fork", "cancel"]],
  ["waiting", ["pause", "signal", "fork", "cancel"]],
  ["paused", ["resume", "signal", "fork", "compensate", "cancel"]],
  ["stopped", ["resume", "signal", "fork", "compensate", "cancel"]],
  ["partial", ["resume", "signal", "fork", "compensate", "cancel"]],
  ["parked", ["resume", "signal", "fork", "compensate", "cancel"]],
  ["completed", ["fork"]],
  ["failed", ["fork"]],
  ["cancelled", ["fork"]],
])("what may be done to a run that is %s", (state, expected) => {
  const open = actions.filter((action) => toActionReason(action, { state, steps: 2 }) === null);
  expect(open).toEqual(expected);
});

test("each state is covered, and a run without a step is forked by nobody", () => {
  for (const state of Object.keys(runStates.moves) as RunState[])
    expect(toActionReason("fork", { state, steps: 0 })).toContain("no step yet");
});

test("what is raised is sent as the API takes it, and what is wrong stands beside its field", () => {
  expect(readRaise(noRaise)).toEqual({ kind: "body", body: {} });
  const given = { money: "5.00", tokens: " 100 ", calls: "", maxSteps: "80", deadline: "30m" };
  expect(readRaise(given)).toEqual({
    kind: "body",
    body: { caps: { money: "5.00", tokens: 100 }, maxSteps: 80, deadline: "30m" },
  });
  const wrong = { money: "-1", tokens: "1.5", calls: "0", maxSteps: "1e3", deadline: "soon" };
  const read = readRaise(wrong);
  expect(read.kind === "wrong" && Object.keys(read.wrong).toSorted()).toEqual(
    Object.keys(wrong).toSorted(),
  );
});

test("a bound that was reached is named where raising it helps", () => {
  const detail = "";
  expect(toBound({ state: "stopped", reason: { code: "steps", detail } })).toContain("most steps");
  expect(toBound({ state: "stopped", reason: { code: "frozen", detail } })).toBeNull();
  expect(toBound({ state: "failed", reason: { code: "budget", detail } })).toBeNull();
});
