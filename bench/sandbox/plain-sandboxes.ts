import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { bareStamp } from "../../src/model/sandbox.ts";
import type { Sandboxes } from "../../src/ports/sandbox.ts";

const nothingCounted = {
  memoryPeakBytes: null,
  cpuUs: null,
  refusedProcesses: null,
  memoryKills: null,
};

/** No sandboxes at all: plain programs, each in a folder of its own. What sandboxes are held against. */
export const plainSandboxes: Pick<Sandboxes, "start"> = {
  start: async (_, { command: [program = "", ...args] }) => {
    const folder = mkdtempSync(path.join(tmpdir(), "plain-"));
    const child = spawn(program, args, {
      cwd: folder,
      env: { PATH: process.env["PATH"], HOME: folder },
    });
    const ended = new Promise<number | null>((resolve) => child.once("exit", resolve)).then(
      (code) => {
        rmSync(folder, { recursive: true });
        return { reason: `ended with ${code}`, usage: nothingCounted, remains: [] };
      },
    );
    const { stdin, stdout, stderr } = child;
    return {
      sandbox: {
        stdin,
        stdout,
        stderr,
        ended,
        terminate: () => void child.kill(),
        kill: () => void child.kill("SIGKILL"),
      },
      stamp: () => bareStamp,
    };
  },
};
