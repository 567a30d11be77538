import type { Bundle } from "../model/bundle.ts";
import type { Config } from "../model/config.ts";
import { toCanonicalText, toDigest, type Digest } from "../model/index.ts";

type BundledPolicy = Bundle["policy"];

/** The rules in force as text: they are compiled again wherever the bundle is read. */
export function toBundledPolicy({ rule, rules }: Config["policy"]): BundledPolicy {
  const texts = Object.entries(rules)
    .map(([name, text]) => ({ name, text }))
    .toSorted((one, other) => (one.name < other.name ? -1 : 1));
  return { digest: toPolicyDigest({ rule, rules: texts }), rule, rules: texts };
}

export function toPolicyDigest({ rule, rules }: Omit<BundledPolicy, "digest">): Digest {
  return toDigest(toCanonicalText({ rule, rules }));
}
