import { describe, expect, test } from "vitest";
import { run, writtenLog } from "../../test/sight/written-log.ts";
import { faults } from "../model/faults.ts";
import { failureClasses, toFailure } from "../model/failure-class.ts";
import type { RunEvent } from "../model/run-event.ts";
import type { NumberedEvent } from "../ports/run-desk.ts";
import { explainRun } from "./explain-run.ts";

type Given = RunEvent extends infer E
  ? E extends RunEvent
    ? Omit<E, "v" | "atMs">
    : never
  : never;

const startMs = writtenLog[0]!.event.atMs;

/** The beginning of the written log, and then what a test says, a second apart. */
function toLog(count: number, ...more: readonly Given[]): readonly NumberedEvent[] {
  const lastMs = writtenLog[count - 1]!.event.atMs;
  const added = more.map((event, at) => ({
    seq: count + at + 1,
    event: { v: 1, atMs: lastMs + (at + 1) * 1_000, ...event } as RunEvent,
  }));
  return [...writtenLog.slice(0, count), ...added];
}

const classOf = (log: readonly NumberedEvent[]) => explainRun(run, log).state.failure;

test("a long run is explained layer by layer, from its log alone", async () => {
  const explained = explainRun(run, writtenLog);
  expect(explainRun(run, structuredClone(writtenLog))).toEqual(explained);
  const text = JSON.stringify(explained, null, 2);
  await expect(`${text}\n`).toMatchFileSnapshot("../../test/golden/run-explanation.json");
});

describe("what failed has its class", () => {
  const failed = (code: string): Given => ({ type: "run.failed", code, detail: "" });
  const stopped = (reason: "budget" | "deadline" | "steps" | "frozen" | "loop"): Given => ({
    type: "run.stopped",
    reason,
    detail: "",
  });
  const place = { step: 0, ordinal: 0 };
  const open = [{ ...place, ordinal: 1 }];
  const output = writtenLog[6]!.event as Extract<RunEvent, { type: "model.responded" }>;
  test.each<[string, Given, string | null]>([
    ["a cancelled run", { type: "run.cancelled", by: "ada", inbox: null }, "caller"],
    ["a freeze", stopped("frozen"), "policy"],
    ["a cap", stopped("budget"), "budget"],
    ["the most steps", stopped("steps"), "budget"],
    ["a deadline", stopped("deadline"), "deadline"],
    ["a loop", stopped("loop"), "model"],
    ["a model that is away", failed("model_unavailable"), "model"],
    ["a lost upstream", failed("upstream_lost"), "upstream"],
    ["no isolation", failed("sandbox_missing"), "sandbox"],
    ["a store that is away", failed("store_unavailable"), "engine"],
    ["a parked run", { type: "run.parked", reason: "odd" }, "bug"],
    [
      "a partial end",
      { type: "run.partly_completed", output: output.response, done: [], open, unknown: [] },
      "upstream",
    ],
    ["a code of a later version", failed("never_heard_of"), null],
  ])("%s", (_, event, expected) => {
    expect(classOf(toLog(3, event))).toMatchObject({ class: expected });
  });

  test("no failure is none, and every fault has a class of the list", () => {
    expect(classOf(writtenLog)).toBeNull();
    for (const code of Object.keys(faults))
      expect(failureClasses, code).toContain(toFailure(code).class);
    expect(toFailure("toString").class).toBeNull();
  });
});

test("a run that no worker took says so, and of one cancelled in the queue the queue tells why", () => {
  const queued = explainRun(run, writtenLog.slice(0, 1));
  expect(queued.admission).toMatchObject({ startedMs: null, failure: null });
  expect(queued.state).toMatchObject({ state: "queued", seq: 1, atMs: startMs });
  const cancelled = explainRun(run, toLog(1, { type: "run.cancelled", by: "ada", inbox: null }));
  expect(cancelled.admission).toMatchObject({
    startedMs: null,
    failure: { class: "caller", code: "cancelled" },
  });
  expect(cancelled.delivery).toMatchObject({
    ready: null,
    announced: [{ id: `${run}_2`, type: "run.ended" }],
    failure: { class: "caller" },
  });
});

test("denials, lost workers and effects of which nobody knows are told, until somebody knows", () => {
  const place = { step: 0, ordinal: 1 };
  const { result, cost } = writtenLog[8]!.event as Extract<RunEvent, { type: "call.ended" }>;
  const { intent, entry } = writtenLog[14]!.event as Extract<RunEvent, { type: "call.started" }>;
  const ended = (outcome: "denied" | "unknown" | "answered", ordinal: number): Given => ({
    type: "call.ended",
    step: 0,
    ordinal,
    entry: null,
    outcome,
    result,
    cost,
  });
  const unsure = toLog(
    7,
    ended("denied", 0),
    { type: "call.started", ...place, intent, entry },
    ended("unknown", 1),
  );
  const { execution } = explainRun(run, unsure);
  expect(execution.denials).toMatchObject([{ tool: "flights__search", ordinal: 0 }]);
  expect(execution.unknown).toMatchObject([{ tool: "flights__book", ordinal: 1 }]);
  expect(execution.failure).toEqual({ class: "upstream", code: "unknown" });
  const known = explainRun(run, [
    ...unsure,
    { seq: 11, event: { v: 1, atMs: startMs + 60_000, ...ended("answered", 1) } },
  ]);
  expect(known.execution).toMatchObject({ unknown: [], failure: null });
  const lost: Given = { type: "model.failed", step: 0, code: "worker_lost", retryAtMs: null, cost };
  const again = explainRun(run, toLog(4, lost));
  expect(again.admission.lostMs).toHaveLength(1);
  expect(again.execution.failure).toEqual({ class: "engine", code: "worker_lost" });
});

test("what is left of a deadline counts to the last event, and a moved one is said to be", () => {
  const created = writtenLog[0]!.event as Extract<RunEvent, { type: "run.created" }>;
  const first = { seq: 1, event: { ...created, deadlineMs: startMs + 10_000 } };
  const late = [
    first,
    writtenLog[1]!,
    {
      seq: 3,
      event: {
        v: 1,
        atMs: startMs + 12_000,
        type: "run.stopped",
        reason: "deadline",
        detail: "",
      } as RunEvent,
    },
  ];
  expect(explainRun(run, late).identity.deadline).toEqual({
    atMs: startMs + 10_000,
    leftAtStartMs: 10_000,
    leftMs: -2_000,
    isMoved: false,
  });
  const resumed = {
    type: "run.resumed",
    by: "olga",
    caps: null,
    maxSteps: null,
    deadlineMs: startMs + 90_000,
    inbox: 1,
  } as const;
  const moved = [
    ...late,
    { seq: 4, event: { v: 1, atMs: startMs + 30_000, ...resumed } as RunEvent },
  ];
  expect(explainRun(run, moved).identity.deadline).toMatchObject({
    leftAtStartMs: 10_000,
    leftMs: 60_000,
    isMoved: true,
  });
  expect(explainRun(run, moved).admission.waits).toEqual([
    { for: "resume", fromMs: startMs + 12_000, untilMs: startMs + 30_000, limitMs: null },
  ]);
});
