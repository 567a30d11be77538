import { spawn } from "node:child_process";
import { Socket } from "node:net";
import { expect, test } from "vitest";
import { systemClock } from "../../system/system-clock.ts";
import { BoxedProgram } from "./boxed-program.ts";

test("why it ended is read before what tells it is taken away, and what stays is named once", async () => {
  const usage = { memoryPeakBytes: null, cpuUs: null, refusedProcesses: null, memoryKills: null };
  let isThere = true;
  const [stdin, stdout, stderr] = [new Socket(), new Socket(), new Socket()];
  const program = new BoxedProgram({
    child: spawn("sh", ["-c", "exit 128"], { stdio: "ignore" }),
    streams: { stdin, stdout, stderr, given: [], release: () => {}, destroy: () => {} },
    group: {
      directories: [],
      kill: () => {},
      limitCpu: () => {},
      readUsage: () => usage,
      remove: async () => [],
    },
    clock: systemClock,
    tool: "runsc",
    inside: {
      kill: () => true,
      terminate: () => true,
      seeOff: async () => ["process 7"],
      toExitCode: ({ code }) => (isThere ? null : code),
    },
    onEnded: async () => {
      isThere = false;
      return ["process 7", "/folder"];
    },
  });
  expect(await program.ended).toEqual({
    reason: "could not be set up (runsc ended with 128)",
    usage,
    remains: ["process 7", "/folder"],
  });
});
