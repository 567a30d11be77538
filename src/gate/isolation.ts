import type { ServerConfig } from "../model/config-servers.ts";
import type { Obligation } from "../model/index.ts";
import { isAsStrong } from "../model/sandbox.ts";
import type { Call, DecidedCall } from "./call.ts";

type Isolation = Extract<Obligation, { kind: "sandbox" | "egress" }>;

/**
 * Whether the server runs as a rule wants it: in as strong a tier, or in one that configuration says is
 * enough for this tool; and reaching no more hosts than those that the rule names. What is not a program
 * in a sandbox of ours cannot be held to either (I12).
 */
export function isIsolated(call: Pick<Call, "server" | "tool">, owed: Isolation): boolean {
  const sandbox = sandboxOf(call.server.config);
  if (sandbox === null) return false;
  if (owed.kind === "egress") return sandbox.egress.every((host) => owed.hosts.includes(host));
  return isAsStrong(sandbox.tier, owed.tier) || isEnough(call);
}

/** Whether the call is carried out in a weaker tier than policy wants. */
export function isDowngraded({
  decision,
  server,
}: Pick<DecidedCall, "decision" | "server">): boolean {
  const sandbox = sandboxOf(server.config);
  return (
    sandbox !== null &&
    decision.obligations.some(
      (owed) => owed.kind === "sandbox" && !isAsStrong(sandbox.tier, owed.tier),
    )
  );
}

function isEnough({ server, tool }: Pick<Call, "server" | "tool">): boolean {
  const enough = tool === null ? undefined : server.config.tools[tool.name]?.downgrade;
  const sandbox = sandboxOf(server.config);
  return enough !== undefined && sandbox !== null && isAsStrong(sandbox.tier, enough);
}

function sandboxOf(config: ServerConfig) {
  if (config.transport !== "stdio" || config.sandbox === "none") return null;
  return { tier: config.sandbox, egress: config.egress };
}
