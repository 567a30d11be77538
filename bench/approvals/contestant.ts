import type { DefinitionName, Payment } from "./payment.ts";

/** A runtime with approvals, used as its documentation says. */
export interface Contestant {
  readonly name: string;
  readonly version: string;
  /** One agent that will ask once, with a file of payments of its own in the directory. */
  open(directory: string): Promise<Case>;
  close(): Promise<void>;
}

/** One question to a person. Each step may be another process: what it knows is what was stored. */
export interface Case {
  /** The agent runs until it asks; what the person is shown. */
  ask(): Promise<Payment>;
  /** The person says yes to what was shown. Nothing runs yet. Says how it was refused, or null. */
  approve(): Promise<string | null>;
  /** What was stored is resumed as it is, without an answer. */
  resumeUnapproved(): Promise<string | null>;
  /** What was stored runs on, approved. */
  resume(how?: Resuming): Promise<string | null>;
  /** Two at the same moment, in two processes. */
  resumeTwiceAtOnce(): Promise<readonly (string | null)[]>;
  /** What is stored as of the question, put back, and resumed with the approval of that time. */
  resumeFromBefore(): Promise<string | null>;
  /** In all that is stored, by somebody who may write it and has no keys. */
  tamper(): Promise<void>;
  /** By whoever holds what the requesting side holds; not by the person. */
  approveAsRequester(): Promise<string | null>;
  close(): Promise<void>;
}

export interface Resuming {
  readonly definition?: DefinitionName;
  readonly laterMs?: number;
}
