import type { SandboxLimits, SandboxStamp, Tier } from "../model/sandbox.ts";
import type { SandboxUsage } from "./sandbox.ts";

/** Carries out programs that somebody has just written, each in a sandbox that nothing else was done in. */
export interface Errands {
  /**
   * Throws the faults `sandbox_missing` and `sandbox_failed`, also for an errand that cannot be one,
   * `overloaded` at the bound of errands under way, and `draining` once it is closed: nothing of the
   * program has run then. When the signal aborts, the sandbox is ended, and so is the errand, with what
   * was said until then; where there is no sandbox yet, the signal's reason is thrown.
   */
  run(errand: Errand, signal: AbortSignal): Promise<ErrandEnd>;
  /** Ends all sandboxes, those that wait as well. */
  close(): Promise<void>;
}

/** One program with its files. */
export interface Errand {
  /** Where it is carried out: errands that agree in this share what waits for them. */
  readonly place: ErrandPlace;
  /** Program and arguments, as they are found in the sandbox. */
  readonly command: readonly string[];
  /** Besides PATH, HOME, PWD and the variables of a proxy, which it may replace. */
  readonly environment: Readonly<Record<string, string>>;
  /** Lie in its working directory before it starts: a folder in the scratch directory, and nothing else is in it. */
  readonly files: readonly WorkFile[];
  /** After this long it is ended. */
  readonly timeoutMs: number;
  /**
   * Asked when its sandbox is ready, right before it begins: how long there is for it at most. What it
   * throws ends the errand, and nothing of the program has run.
   */
  readonly beforeBegin?: () => number;
}

export interface ErrandPlace {
  /** Whose it is, for the log of what it tries to reach. */
  readonly server: string;
  readonly tier: Tier;
  readonly limits: SandboxLimits;
  /** Where it may connect to, as configuration writes it; empty: nowhere. */
  readonly egress: readonly string[];
  readonly private: boolean;
  /** How many sandboxes may wait for errands at most; 0: each is started when it is needed. */
  readonly warm: number;
}

/** A file of a working directory. */
export interface WorkFile {
  /** Relative, with `/`, without `.` and `..`. */
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly isExecutable: boolean;
}

export interface ErrandEnd {
  /** "ended with 0", "was ended by SIGKILL", "took longer than 30 s". */
  readonly reason: string;
  /** Null: it did not end by itself. */
  readonly exitCode: number | null;
  readonly stdout: Said;
  readonly stderr: Said;
  /** Null: its files could not be taken over, and nothing of them is; where it ended by itself, the reason says why. */
  readonly changes: WorkChanges | null;
  readonly usage: SandboxUsage;
  /** For the receipt, as it stood at the end. */
  readonly stamp: SandboxStamp;
  /** From when its sandbox was ready for it until nothing of that was left. */
  readonly ms: number;
  /** Whether its sandbox was waiting for it. */
  readonly wasWarm: boolean;
}

/** What it wrote to one stream: the first bytes, and how many came after those. */
export interface Said {
  readonly bytes: Uint8Array;
  readonly droppedBytes: number;
}

export interface WorkChanges {
  /** New ones, and those that differ. */
  readonly written: readonly WorkFile[];
  readonly removed: readonly string[];
}
