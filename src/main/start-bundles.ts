import { createPolicyDecider } from "../gate/policy-decider.ts";
import { createRuleDecider } from "../gate/rule-decider.ts";
import type { Config } from "../model/config.ts";
import type { Digest } from "../model/index.ts";
import type { SkillTree } from "../model/skill.ts";
import type { Clock } from "../ports/clock.ts";
import type { Registry } from "../ports/registry.ts";
import type { Store } from "../ports/store.ts";
import { createBundles, type OpenBundles } from "../rollout/bundles.ts";
import { ownTenant } from "./own-tenant.ts";

export interface BundleBase {
  readonly store: Pick<Store, "blobs">;
  readonly clock: Clock;
  /** The files of the skills that the configuration names, by the skills' digests. */
  readonly skills: ReadonlyMap<Digest, SkillTree>;
  /** Of the gate of the same revision. */
  readonly registry: Pick<Registry, "catalog" | "refresh">;
}

/** The agents of one revision, as its own registry has their tools. */
export function startBundles(
  { agents, models, policy }: Config,
  { store, clock, skills, registry }: BundleBase,
): OpenBundles {
  return createBundles({
    config: { agents, models, policy },
    catalog: () => registry.catalog(),
    look: (server) => registry.refresh(server),
    blobs: store.blobs,
    skills,
    home: ownTenant,
    clock,
    toDecider: (rules) =>
      typeof rules === "string" ? createRuleDecider(rules) : createPolicyDecider(rules),
  });
}
