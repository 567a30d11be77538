import type { Json } from "../lib/strict-json.ts";
import type { Decision, Label, Principal } from "../model/index.ts";
import type { RunFacts } from "../model/run-facts.ts";
import type { SandboxFacts } from "../model/tier-traits.ts";
import type { CatalogServer, CatalogTool, Effect } from "./catalog.ts";

/** What policy says of a call. Pure and synchronous: it is asked on the hot path. */
export interface Decider {
  /** The decision names the policy that made it, which is the same for one target always. */
  decide(question: Question): Decision;
  /** Whether any rule reads labels: only then are they kept. */
  readonly keepsLabels: boolean;
  /** Whether a rule about this target does: only then are they looked up. */
  readsLabels(about: Target): boolean;
}

export interface Question extends Target {
  readonly principal: Principal;
  /** Of the subject. */
  readonly roles: readonly string[];
  readonly toolset: string;
  /** Validated, with defaults filled in. */
  readonly args: Json;
  /** What the caller's context has touched. */
  readonly labels: readonly Label[];
  readonly nowMs: number;
  /** Of the run that asks; null outside of one. */
  readonly run: RunFacts | null;
  /** Of where it is carried out; null: not on this machine, or within this process. */
  readonly sandbox: SandboxFacts | null;
  /** Whether a person has agreed to this very call. */
  readonly approved: boolean;
}

export interface Target {
  readonly server: Pick<CatalogServer, "name">;
  /** Null for prompts, resources and completions. */
  readonly tool: CatalogTool | null;
  readonly method: string;
  readonly kind: "Tool" | "Prompt" | "Resource";
  /** The server's own name of the tool or prompt, or the URI. */
  readonly target: string;
  readonly effect: Effect;
  /** Whether what goes in may leave the house. */
  readonly outward: boolean;
}
