import type { Decision } from "../model/index.ts";

/**
 * The strictest of two: what the subject may and the agent that acts for it, what policy says now
 * and what it said when the run began (I7). `policy` stays the first one's, which is the current one.
 */
export function combine(one: Decision, other: Decision): Decision {
  if (one.kind === "deny") return one;
  if (other.kind === "deny") return { ...other, policy: one.policy };
  const owed = distinct([...toOwed(one), ...toOwed(other)]);
  const obligations = owed.map(({ obligation }) => obligation);
  const obligedBy = owed.map(({ rule }) => rule);
  const reasons = distinct([...one.reasons, ...other.reasons]).slice(0, 100);
  const common = { policy: one.policy, reasons, obligations, obligedBy };
  const approvers = distinct([
    ...(one.kind === "ask" ? one.approvers : []),
    ...(other.kind === "ask" ? other.approvers : []),
  ]);
  if (approvers.length === 0) return { kind: "allow", ...common };
  return { kind: "ask", ...common, approvers };
}

function toOwed({ obligations, obligedBy }: Exclude<Decision, { kind: "deny" }>) {
  return obligations.map((obligation, at) => ({ obligation, rule: obligedBy?.[at] ?? "none" }));
}

function distinct<Item>(items: readonly Item[]): Item[] {
  return [...new Map(items.map((item) => [JSON.stringify(item), item])).values()];
}
