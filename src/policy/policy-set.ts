import { Fault, toCanonicalText, toDigest, type Digest } from "../model/index.ts";
import { prepareSet, type PreparedSet } from "./cedar.ts";
import { withoutInner, type ContextPath } from "./mentioned-paths.ts";
import type { Rule } from "./rules.ts";
import { isAbout } from "./scope.ts";
import type { PolicyTarget } from "./target.ts";

/** The rules that can say anything of a target, and nothing else. */
export interface Slice {
  /** Stands in intents: a changed rule elsewhere leaves an approval as it is. */
  readonly digest: Digest;
  readonly rules: ReadonlyMap<string, Rule>;
  readonly reads: readonly ContextPath[];
  /** Whether its answers hold for the same question again: facts of a run change with each step. */
  readonly isLasting: boolean;
  readonly prepared: PreparedSet;
}

export interface PolicySet {
  readonly digest: Digest;
  readonly rules: readonly Rule[];
  sliceOf(target: PolicyTarget): Slice;
  close(): void;
}

/** As many distinct slices as targets could have; beyond, nothing is decided on a forgotten one. */
const maxSlices = 10_000;

export function createPolicySet(rules: readonly Rule[]): PolicySet {
  const slices = new Map<string, Slice>();
  let closed = false;

  return {
    digest: toRulesDigest(rules),
    rules,
    sliceOf(target) {
      if (closed) throw closedSet();
      const own = rules.filter(({ head }) => isAbout(head, target));
      const key = own.map(({ id }) => id).join("\n");
      const known = slices.get(key);
      if (known !== undefined) return known;
      if (slices.size >= maxSlices) throw new Error("there are more slices than targets");
      const made = toSlice(own);
      slices.set(key, made);
      return made;
    },
    close() {
      closed = true;
      for (const { prepared } of slices.values()) prepared.close();
      slices.clear();
    },
  };
}

/** A call that began under a revision which has ended since. */
function closedSet(): Fault {
  return new Fault("draining", "The policies that this call began under are gone; call again.");
}

function toSlice(rules: readonly Rule[]): Slice {
  const reads = withoutInner(distinct(rules.flatMap((rule) => rule.reads)));
  return {
    digest: toRulesDigest(rules),
    rules: new Map(rules.map((rule) => [rule.id, rule])),
    reads,
    isLasting: reads.every(([name]) => name !== undefined && name !== "run"),
    prepared: prepareSet(new Map(rules.map(({ id, text }) => [id, text]))),
  };
}

/** In no order: Cedar's answer does not depend on it. */
function toRulesDigest(rules: readonly Rule[]): Digest {
  const texts = Object.fromEntries(rules.map(({ id, text }) => [id, text]));
  return toDigest(toCanonicalText(texts));
}

function distinct(paths: readonly ContextPath[]): readonly ContextPath[] {
  return [...new Map(paths.map((path) => [JSON.stringify(path), path])).values()];
}
