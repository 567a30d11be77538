import type { Bundle } from "../model/bundle.ts";
import { Fault, type Decision } from "../model/index.ts";
import { createPolicySet, type PolicySet } from "../policy/policy-set.ts";
import { readRules } from "../policy/rules.ts";
import type { Decider } from "../ports/decider.ts";
import { toPolicyDigest } from "./bundled-policy.ts";

/** How rules become something that can be asked; where there are none, one rule for everything. */
export type ToDecider = (rules: PolicySet | Bundle["policy"]["rule"]) => Decider;

export interface CompiledRules {
  /** Compiled now, so that whoever reads the bundle pays for it, and again if it was put out meanwhile. */
  of(bundle: Bundle): Decider;
  close(): void;
}

interface Compiled {
  readonly decider: Decider;
  readonly set: PolicySet | null;
}

/** Runs under more policies than this at once would compile some of them again and again. */
const maxPolicies = 32;

/** The rules of bundles: bundles with the same rules share them, and those not asked for lately go. */
export function createCompiledRules(toDecider: ToDecider): CompiledRules {
  const kept = new Map<string, Compiled>();
  let closed = false;

  function find(policy: Bundle["policy"]): Compiled {
    if (closed)
      throw new Fault(
        "draining",
        "The policies that this bundle was read under are gone; read it again.",
      );
    const key = policy.digest;
    const known = kept.get(key);
    kept.delete(key);
    const found = known ?? compile(policy, toDecider);
    kept.set(key, found);
    const [oldest] = kept.keys();
    if (kept.size > maxPolicies && oldest !== undefined) {
      kept.get(oldest)?.set?.close();
      kept.delete(oldest);
    }
    return found;
  }

  return {
    of({ policy }) {
      // Rules are kept under the digest that they have, never under one that they say they have.
      if (toPolicyDigest(policy) !== policy.digest)
        return denyAll(policy, "their digest is another one");
      const { keepsLabels } = find(policy).decider;
      return Object.freeze({
        keepsLabels,
        decide: (question) => find(policy).decider.decide(question),
        readsLabels: (about) => find(policy).decider.readsLabels(about),
      } satisfies Decider);
    },
    close() {
      closed = true;
      for (const { set } of kept.values()) set?.close();
      kept.clear();
    },
  };
}

/** What cannot be compiled says no to everything: nobody knows what it would have denied. */
function compile(policy: Bundle["policy"], toDecider: ToDecider): Compiled {
  const { rule, rules } = policy;
  if (rules.length === 0) return { set: null, decider: toDecider(rule) };
  const read = tryRead(rules);
  if (typeof read === "string") return { set: null, decider: denyAll(policy, read) };
  return { set: read, decider: toDecider(read) };
}

function tryRead(rules: Bundle["policy"]["rules"]): PolicySet | string {
  const texts = new Map(rules.map(({ name, text }) => [name, text]));
  if (texts.size !== rules.length) return "two of its texts have one name";
  try {
    const read = readRules(Object.fromEntries(texts));
    if (read.kind === "read") return createPolicySet(read.rules);
    const [first] = read.problems;
    return `${first?.source ?? ""}:${first?.line ?? 1} ${first?.message ?? "is wrong"}`;
  } catch (error) {
    return error instanceof Error ? error.message : "Cedar refuses them";
  }
}

const maxReason = 1_024;

function denyAll({ digest }: Bundle["policy"], why: string): Decider {
  const decision: Decision = Object.freeze({
    kind: "deny",
    policy: digest,
    reasons: [
      {
        rule: "bundle",
        text: `The rules of the run's bundle do not read any more: ${why.slice(0, maxReason)}`,
        remedy: "start a new run",
      },
    ],
  });
  return { decide: () => decision, keepsLabels: false, readsLabels: () => false };
}
