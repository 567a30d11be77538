import type { CommandContext, StricliProcess } from "@stricli/core";
import type { Client } from "../client/client.ts";
import type { ReadStream } from "../client/read-stream.ts";
import type { Check } from "../model/check.ts";
import type { SkillFinding } from "../model/skill-finding.ts";
import type { BundledSkill } from "../model/skill.ts";
import type { Places } from "./client-configs.ts";

/** What main gives the command line. It reads no environment and knows no server itself. */
export interface CliParts {
  readonly version: string;
  readonly node: string;
  readonly streams: Streams;
  readonly files: Files;
  readonly input: Input;
  /**
   * A client of the server at `url`, or where this user's server is to be expected; with the admin key,
   * or with the one that decides approvals.
   */
  readonly connect: (url: string | undefined, as?: "approver") => Promise<Connection>;
  readonly clock: {
    readonly monotonicMs: () => number;
    readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  };
  /** Uniform in [0, 1), for jitter. */
  readonly fraction: () => number;
  /** Puts a value into the text of a configuration; a Fault when something is there already. */
  readonly editConfig: (text: string, path: readonly string[], value: object) => string;
  /** Names under a place of the configuration, as it stands in its text. */
  readonly namesOf: (text: string, path: readonly string[]) => readonly string[];
  /** Where programs of this user keep their files. */
  readonly places: Places;
  /** Where secrets go that are taken out of other programs' files. */
  readonly secretsDirectory: string;
  /** The program and its first arguments that start this command line. */
  readonly program: readonly string[];
  /** Carries MCP between our standard streams and a running server, until the streams end. */
  readonly bridge: (options: BridgeTarget) => Promise<void>;
  /** Runs the server in this process until it is told to stop; the exit code. */
  readonly serve: (options: ServeOptions) => Promise<number>;
  readonly diagnose: (options: DiagnoseOptions) => AsyncIterable<Check>;
  /** How this machine gets what a driver of sandboxes needs; a Fault for a name that is none. */
  readonly openSandboxSetup: (driver: string) => Promise<SandboxSetup>;
  /** Reads the skills of a folder and says what is wrong with them; a Fault where there is none. */
  readonly lintSkills: (folder: string) => Promise<LintedSkills>;
  /** The offline verifier of receipts, as one page of HTML. */
  readonly verifierPage: () => Promise<string>;
}

export interface LintedSkills {
  /** Those that could be loaded. */
  readonly skills: readonly BundledSkill[];
  readonly findings: readonly SkillFinding[];
}

export interface Streams {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Whether a person sits at both ends: only then may a question be asked. */
  readonly isInteractive: boolean;
  readonly hasColor: boolean;
}

/** What comes in beside the arguments. */
export interface Input {
  /** Whether a person types on standard input. */
  readonly isTerminal: boolean;
  /** Standard input to its end, as UTF-8; a Fault when it is more than `maxBytes`. */
  read(maxBytes: number): Promise<string>;
  /** A variable of the environment. */
  variable(name: string): string | undefined;
}

/** Text files of the directory that the command line was called in; paths may lead out of it. */
export interface Files {
  /** Null when there is none. A Fault names the file and why it cannot be read. */
  read(file: string): Promise<string | null>;
  /** Written whole. `exists` when it is there and may not be written over. */
  write(file: string, text: string, options: WriteOptions): Promise<"written" | "exists">;
}

export interface WriteOptions {
  readonly overwrite: boolean;
  /** For this user's eyes only, and so is a directory that is made for it. */
  readonly isSecret?: boolean;
}

export interface Connection {
  readonly client: Client;
  readonly readStream: ReadStream;
  readonly url: string;
}

export interface BridgeTarget {
  readonly url: string | undefined;
  readonly toolset: string | undefined;
}

export interface ServeOptions {
  /** The configuration; the default name may be absent. */
  readonly file: string | undefined;
  readonly listen: string | undefined;
  readonly onEvent: (event: ServeEvent) => void;
}

export type ServeEvent =
  | { readonly event: "starting"; readonly version: string; readonly pid: number }
  | {
      readonly event: "ready";
      readonly url: string;
      readonly startedInMs: number;
      readonly store: string;
      readonly file: string | null;
      readonly revision: string;
      readonly keys: readonly KeyPlace[];
    }
  | { readonly event: "draining"; readonly reason: string; readonly withinMs: number }
  | { readonly event: "stopped"; readonly cut: boolean };

export interface KeyPlace {
  readonly role: string;
  /** Where the key is kept, or the reference that it was read from. */
  readonly place: string;
  /** Made by this start. */
  readonly made: boolean;
}

export interface DiagnoseOptions {
  readonly file: string | undefined;
  readonly url: string | undefined;
}

export interface SandboxSetup {
  /** What it would do, for people. */
  readonly lines: readonly string[];
  readonly carryOut: (onStep: (line: string) => void) => Promise<SetupEnd>;
}

export type SetupEnd = {
  /** What is there now, one sentence each. */
  readonly made: readonly string[];
} & (
  | { readonly kind: "ready"; readonly tier: string; readonly evidence: readonly string[] }
  | { readonly kind: "refused"; readonly reason: string; readonly fix: string | null }
);

export interface CliContext extends CommandContext {
  readonly process: StricliProcess;
  readonly parts: CliParts;
}
