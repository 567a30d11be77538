import type { Json } from "../lib/strict-json.ts";
import type { SandboxFacts } from "../model/tier-traits.ts";
import { createPolicySet, type PolicySet } from "./policy-set.ts";
import type { CheckedTool } from "./policy-schema.ts";
import { readRules, type Rule } from "./rules.ts";

/** A pinned tool with the check that its arguments pass before policy is asked. */
export interface SceneTool extends CheckedTool {
  readonly fill: (args: Json) => FilledArguments;
  /** Where it is carried out, as rules are told it. */
  readonly sandbox: SandboxFacts | null;
}

export type FilledArguments =
  | { readonly kind: "valid"; readonly args: Json }
  | { readonly kind: "invalid"; readonly problems: readonly string[] };

export interface SceneServer {
  readonly outward: boolean;
  /** References that its configuration holds, never what is behind them. */
  readonly credentials: readonly string[];
  readonly limits: SceneLimits;
  /** Where what is no tool of it is carried out: prompts and resources. */
  readonly sandbox: SandboxFacts | null;
}

export interface SceneLimits {
  readonly timeoutMs: number;
  readonly concurrency: number;
  /** Of one caller; null: none. */
  readonly callsPerMinute: number | null;
}

export interface SceneParts {
  readonly tools: ReadonlyMap<string, SceneTool>;
  readonly servers: ReadonlyMap<string, SceneServer>;
  /** Ids of the tools that each toolset offers; `""` is `/mcp` itself. */
  readonly toolsets: ReadonlyMap<string, ReadonlySet<string>>;
  /** Servers that were never listed: their tools are not known yet. */
  readonly unseen: readonly string[];
}

/** Rules with the tools, toolsets and servers that they are asked about: one configuration, frozen. */
export interface Scene extends SceneParts {
  readonly set: PolicySet;
  close(): void;
}

export interface SceneRules {
  readonly rules: readonly Rule[];
  /** Holds where there are no rules. */
  readonly rule: "allow-all" | "deny-all";
}

export function openScene({ rules, rule }: SceneRules, parts: SceneParts): Scene {
  const set = createPolicySet(rules.length === 0 ? toOnlyRule(rule) : rules);
  return Object.freeze({ ...parts, set, close: () => set.close() });
}

/** What `policy.rule` says, as a rule: it is asked and explained as any other. */
function toOnlyRule(rule: SceneRules["rule"]): readonly Rule[] {
  const effect = rule === "allow-all" ? "permit" : "forbid";
  const reason = `policy.rule of countersign.yaml is ${rule}.`;
  const text = `@id("${rule}") @reason("${reason}") ${effect} (principal, action, resource);`;
  const read = readRules({ "policy.rule": text });
  if (read.kind === "refused") throw new Error(`${rule} is no rule`);
  return read.rules;
}
