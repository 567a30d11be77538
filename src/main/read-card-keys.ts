import { toKeyRing } from "../adapters/oidc/agent-keys.ts";
import type { CardKeys } from "../api/a2a/card.ts";
import type { Config } from "../model/config.ts";
import { readKeyRing, type KeyRingOptions } from "./key-rings.ts";
import { toSigningKey } from "./start-identity.ts";

/**
 * Keys that sign agents' cards and nothing else: whoever trusts a card's key trusts no token by it. Replicas
 * share them by the same references as the keys of agents' tokens; what comes out of one differs by its use.
 * Null where no agent has a card: then no key is made.
 */
export async function readCardKeys(
  { agents, auth }: Pick<Config, "agents" | "auth">,
  options: Omit<KeyRingOptions, "references">,
): Promise<CardKeys | null> {
  if (Object.values(agents).every(({ a2a }) => a2a === undefined)) return null;
  const seeds = await readKeyRing("card", { ...options, references: auth.agentKeys });
  return toKeyRing(seeds.map(toSigningKey));
}
