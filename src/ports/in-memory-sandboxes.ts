import { PassThrough, type Readable, type Writable } from "node:stream";
import type { Tier } from "../model/sandbox.ts";
import type { SandboxEnd, Sandboxes, SandboxUsage, SandboxWish } from "./sandbox.ts";

/** What runs in a sandbox that is none: a function that has its streams. */
export interface InMemoryProgram {
  readonly wish: SandboxWish;
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
  end(reason: string, usage?: Partial<SandboxUsage>): void;
}

export interface InMemorySandboxes extends Sandboxes {
  readonly started: number;
  /** Those that have not ended. */
  readonly running: number;
}

const nothingCounted: SandboxUsage = {
  memoryPeakBytes: null,
  cpuUs: null,
  refusedProcesses: null,
  memoryKills: null,
};

/** Starts no process. A program that throws is one that cannot be started. */
export function createInMemorySandboxes(
  run: (program: InMemoryProgram) => void,
): InMemorySandboxes {
  let started = 0;
  let running = 0;
  return {
    get started() {
      return started;
    },
    get running() {
      return running;
    },
    list: async () => [],
    async start(tier: Tier, wish) {
      const streams = {
        stdin: new PassThrough(),
        stdout: new PassThrough(),
        stderr: new PassThrough(),
      };
      const { promise: ended, resolve } = Promise.withResolvers<SandboxEnd>();
      let hasEnded = false;
      const end: InMemoryProgram["end"] = (reason, usage = {}) => {
        if (hasEnded) return;
        hasEnded = true;
        running -= 1;
        streams.stdout.end();
        streams.stderr.end();
        resolve({ reason, usage: { ...nothingCounted, ...usage }, remains: [] });
      };
      started += 1;
      running += 1;
      try {
        run({ wish, ...streams, end });
      } catch (error) {
        running -= 1;
        throw error;
      }
      return {
        sandbox: {
          ...streams,
          ended,
          terminate: () => end("was ended by SIGTERM"),
          kill: () => end("was ended by SIGKILL"),
        },
        stamp: () => ({
          tier,
          driver: "in memory",
          evidence: null,
          limits: null,
          downgraded: false,
          egress: null,
        }),
      };
    },
  };
}
