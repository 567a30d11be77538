import type { Obligation } from "../model/index.ts";
import { isAsStrong, type Tier } from "../model/sandbox.ts";
import { toServerSandbox } from "../model/server-sandbox.ts";
import type { Call, DecidedCall } from "./call.ts";

type Isolation = Extract<Obligation, { kind: "sandbox" | "egress" }>;
type Target = Pick<Call, "server" | "tool">;
type Decided = Target & Pick<DecidedCall, "decision">;

/**
 * Whether the server runs as a rule wants it: in as strong a tier, or in one that configuration says is
 * enough for this tool; and reaching no more hosts than those that the rule names. A program of a workbench
 * is carried out in the tier that is wanted. What is not a program in a sandbox of ours cannot be held to
 * either (I12).
 */
export function isIsolated(call: Target, owed: Isolation): boolean {
  const sandbox = sandboxOf(call);
  if (sandbox === null) return false;
  if (owed.kind === "egress") return sandbox.egress.every((host) => owed.hosts.includes(host));
  return isAsStrong(sandbox.strongest, owed.tier) || isEnough(call);
}

/**
 * Where the call is carried out: the stronger of what is configured and what policy wants, unless
 * configuration says that less is enough. Null: in no sandbox of ours.
 */
export function chooseTier(call: Decided): Tier | null {
  const sandbox = sandboxOf(call);
  if (sandbox === null) return null;
  const { tier, strongest } = sandbox;
  if (tier === strongest || isEnough(call)) return tier;
  return owedTiers(call).reduce((most, owed) => (isAsStrong(most, owed) ? most : owed), tier);
}

/** Whether the call is carried out in a weaker tier than policy wants. */
export function isDowngraded(call: Decided): boolean {
  const tier = chooseTier(call);
  return tier !== null && owedTiers(call).some((owed) => !isAsStrong(tier, owed));
}

function owedTiers({ decision }: Decided): readonly Tier[] {
  return decision.obligations.flatMap((owed) => (owed.kind === "sandbox" ? [owed.tier] : []));
}

function isEnough({ server, tool }: Target): boolean {
  const enough = tool === null ? undefined : server.config.tools[tool.name]?.downgrade;
  const sandbox = sandboxOf({ server, tool });
  return enough !== undefined && sandbox !== null && isAsStrong(sandbox.tier, enough);
}

function sandboxOf({ server, tool }: Target) {
  const sandbox = toServerSandbox(server.config, tool?.name ?? null);
  if (sandbox === null) return null;
  const { tier, strongest, egress } = sandbox;
  return tier === "none" || strongest === "none" ? null : { tier, strongest, egress };
}
