import { toCanonicalText, toDigest, type Decision } from "../model/index.ts";
import type { Decider } from "../ports/decider.ts";

/** One rule for everything, until policies are built in: all or nothing. */
export function createRuleDecider(rule: "allow-all" | "deny-all"): Decider {
  const policy = toDigest(toCanonicalText({ rule }));
  const allow: Decision = Object.freeze({
    kind: "allow",
    policy,
    reasons: [{ rule: "allow-all", text: "Everything is allowed by policy.rule.", remedy: null }],
    obligations: [],
  });
  const deny: Decision = Object.freeze({
    kind: "deny",
    policy,
    reasons: [
      {
        rule: "deny-all",
        text: "Nothing is allowed: policy.rule in countersign.yaml is deny-all.",
        remedy: "set policy.rule",
      },
    ],
  });
  const decision = rule === "allow-all" ? allow : deny;
  return { decide: () => decision, keepsLabels: false, readsLabels: () => false };
}
