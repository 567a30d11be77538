import { expect, test } from "vitest";
import type { RunId, TenantId } from "../model/index.ts";
import { runStates, type RunState } from "../model/run-states.ts";
import { toRunAnnouncement } from "./announce-run.ts";

const run = "01900000-0000-7000-8000-000000000001" as RunId;
const moved = { tenant: "acme" as TenantId, run, agent: "travel", seq: 7, atMs: 5 };

test("who has to look is told, and whoever waits for the end; nothing of a person goes along", () => {
  const types = Object.keys(runStates.moves).map((state) => [
    state,
    toRunAnnouncement({ ...moved, state: state as RunState })?.type ?? null,
  ]);
  expect(Object.fromEntries(types)).toEqual({
    queued: null,
    running: null,
    waiting: null,
    paused: null,
    stopped: "run.stopped",
    partial: "run.stopped",
    parked: "run.stopped",
    completed: "run.ended",
    failed: "run.ended",
    cancelled: "run.ended",
  });
  expect(toRunAnnouncement({ ...moved, state: "completed" })).toEqual({
    id: `${run}_7`,
    type: "run.ended",
    atMs: 5,
    body: { run, agent: "travel", state: "completed" },
  });
});
