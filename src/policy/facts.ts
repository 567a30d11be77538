import type { Json } from "../lib/strict-json.ts";
import type { Label, Principal } from "../model/index.ts";
import type { RunFacts } from "../model/run-facts.ts";
import type { SandboxFacts } from "../model/tier-traits.ts";
import type { RecordType } from "./argument-type.ts";

/** Everything that a decision may depend on, besides the rules. */
export interface Facts {
  readonly principal: Principal;
  /** Of the subject, as its key or its token says. */
  readonly roles: readonly string[];
  readonly toolset: string;
  /** Validated, with defaults filled in. */
  readonly args: Json;
  readonly argumentType: RecordType;
  /** What the caller's context has touched. */
  readonly labels: readonly Label[];
  /** Wall clock, seen as a calendar in UTC. */
  readonly nowMs: number;
  /** Of the run that asks; null outside of one. */
  readonly run: RunFacts | null;
  /** Of where the call is carried out; null: none of our sandboxes, and no program of this machine. */
  readonly sandbox: SandboxFacts | null;
  /** Whether the intent was approved already. */
  readonly approved: boolean;
}
