import type { ChildProcess } from "node:child_process";
import { EventEmitter } from "node:events";
import { expect, test } from "vitest";
import { createManualClock } from "../../../ports/manual-clock.ts";
import { Machine } from "./machine.ts";

function makeMachine() {
  const done: string[] = [];
  const child = Object.assign(new EventEmitter(), {
    stdout: null,
    stderr: null,
    kill: () => done.push("child killed"),
  });
  const clock = createManualClock(0);
  const machine = new Machine({
    child: child as unknown as ChildProcess,
    group: {
      directories: [],
      kill: () => void done.push("group killed"),
      limitCpu: () => undefined,
      readUsage: () => ({
        memoryPeakBytes: null,
        cpuUs: null,
        refusedProcesses: null,
        memoryKills: null,
      }),
      remove: () => Promise.resolve(["/group"]),
    },
    clock,
    remove: () => Promise.resolve(["/directory"]),
  });
  return { machine, child, clock, done };
}

test("one that stays after it was killed is given up, and what stays is told", async () => {
  const { machine, clock, done } = makeMachine();
  const removed = machine.remove();
  expect(done).toEqual(["group killed", "child killed"]);
  clock.advance(10_000);
  expect(await machine.exited).toMatchObject({ signal: "SIGKILL" });
  expect((await removed).remains).toEqual(["/group", "/directory"]);
});

test("one that ended is not waited for", async () => {
  const { machine, child } = makeMachine();
  child.emit("exit", 3, null);
  expect(await machine.exited).toMatchObject({ code: 3, error: null });
});
