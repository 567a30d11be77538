import type { Mount, Sandbox, SandboxEnd } from "../../../src/ports/sandbox.ts";
import type { SandboxLimits, Tier } from "../../../src/model/sandbox.ts";
import type { Places, Traps } from "./traps.ts";

/**
 * One way out of a sandbox, or of harming what is around it. Whatever it is: nothing of it is left
 * once it ended, no canary is in what it wrote, and nobody outside was harmed.
 */
export interface Attempt {
  readonly name: string;
  /** In Python, after the words of the prelude: `attempt` must be refused, `look` may see something. */
  readonly program: string;
  /**
   * `host`: what it tries would reach the host, so all of it is refused on every tier. `kernel`: it
   * tries doors of the kernel, which a sandbox that has a kernel of its own may leave open.
   */
  readonly guards: "host" | "kernel";
  /** What the same program gets without a sandbox: so the trap is one, and harmless to step on. */
  readonly getsOutside?: readonly string[];
  readonly limits?: Partial<SandboxLimits>;
  /** Not run where nothing holds this limit. */
  readonly needs?: keyof SandboxLimits;
  readonly mounts?: (places: Places) => readonly Mount[];
  /** It may reach its proxy, which takes every connection and closes it. */
  readonly hasProxy?: boolean;
  /** Numbers of system calls, and machine code, are those of one processor. */
  readonly processor?: "x64";
  /** A limit may end it before its report is whole. */
  readonly mayEnd?: boolean;
  /** What is done to it while it runs; it ends by this, and may tell nothing. */
  readonly steer?: (running: Running) => Promise<void>;
  /** What is to be seen besides, in the words of the program. */
  readonly check?: (ended: EndedAttempt) => void | Promise<void>;
}

export interface EndedAttempt {
  readonly report: Report;
  /** All of its two streams. */
  readonly output: string;
  readonly end: SandboxEnd;
  readonly limits: SandboxLimits;
  readonly traps: Traps;
  readonly tier: Tier;
  /** From before it was started until nothing of it was left. */
  readonly elapsedMs: number;
}

export interface Running {
  readonly sandbox: Sandbox;
  /** Resolves once it has written these words; rejects where it ends without them. */
  readonly said: (words: string) => Promise<void>;
  readonly pause: (ms: number) => Promise<void>;
  readonly hasEnded: () => boolean;
}

/** What a program says of itself. */
export interface Report {
  readonly got: Readonly<Record<string, string>>;
  readonly refused: Readonly<Record<string, string>>;
  readonly seen: Readonly<Record<string, unknown>>;
}

/** Small, so that whatever holds them shows it within a second or two. */
export const smallLimits: SandboxLimits = {
  memoryBytes: 128 * 1024 * 1024,
  processes: 40,
  cpuMillis: 1_000,
  scratchBytes: 16 * 1024 * 1024,
  openFiles: 128,
};
