import type { IncomingMessage, ServerResponse } from "node:http";
import type { SkillHead } from "../../model/skill.ts";
import { answerDocument } from "../documents.ts";
import { checkStart } from "../run-agents.ts";
import { tenantOf } from "../tenant-of.ts";
import { signCard, toAgentCard, type CardFacts, type CardSkill, type SignedCard } from "./card.ts";
import { findExposed, type A2aOptions, type Calling } from "./options.ts";
import { cardKeysPath, parseA2aPath, toAgentPath, type A2aPlace } from "./paths.ts";
import { refuse } from "./refusals.ts";

/** Cards that the configuration makes public, and the keys that cards are signed with. */
export function serveCards(
  options: A2aOptions,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): void {
  answerDocument((path) => findDocument(options, parseA2aPath(path)), incoming, outgoing);
}

function findDocument(options: A2aOptions, place: A2aPlace | null): object | null {
  if (place === null || place.kind === "calls") return null;
  if (place.kind === "keys") return options.a2a.keys()?.jwks ?? null;
  const agent = place.kind === "card" ? place.agent : findOnlyPublic(options);
  return agent === null ? null : findPublicCard(options, agent);
}

/** Of two, neither is the server's own. */
function findOnlyPublic({ a2a }: A2aOptions): string | null {
  const agents = Object.entries(a2a.agents());
  const names = agents.flatMap(([name, agent]) => (agent.a2a?.public === true ? [name] : []));
  return names.length === 1 ? names[0]! : null;
}

/** Made of the configuration alone: nobody without a key has a server of ours asked for anything. */
function findPublicCard(options: A2aOptions, name: string): SignedCard | null {
  const agent = findExposed(options, name);
  if (agent === null || !agent.a2a.public) return null;
  const skills = agent.a2a.skills ? (agent.loadedSkills ?? []).map(toSkill) : [];
  const version = options.configuration.current().digest;
  return toSigned(options, { name, description: agent.description, version, skills });
}

/** With the tools of the bundle that a run would have now. */
export async function readExtendedCard(
  options: A2aOptions,
  { agent: name, holder }: Calling,
): Promise<SignedCard> {
  checkStart(options, name, holder);
  const { digest, bundle } = await options.bundles().resolve(tenantOf(holder), name);
  const known = options.catalog().toolsets.get(bundle.toolset)?.tools;
  const tools = bundle.tools.map(({ exposed, effect }): CardSkill => {
    const described = known?.get(exposed)?.description ?? "";
    return {
      id: `tool:${exposed}`,
      name: exposed,
      description: described === "" ? exposed : described,
      tags: ["tool", effect],
    };
  });
  const skills = [...bundle.skills.map(toSkill), ...tools];
  const card = { name, description: bundle.description, version: digest, skills };
  const signed = toSigned(options, card);
  if (signed !== null) return signed;
  throw refuse("UNSUPPORTED_OPERATION", "This agent has no card.");
}

function toSigned({ a2a }: A2aOptions, facts: Omit<CardFacts, "url">): SignedCard | null {
  const keys = a2a.keys();
  if (keys === null) return null;
  const base = a2a.url();
  const card = toAgentCard({ ...facts, url: `${base}${toAgentPath(facts.name)}` });
  return signCard(card, keys, `${base}${cardKeysPath}`);
}

function toSkill({ name, description }: Pick<SkillHead, "name" | "description">): CardSkill {
  return { id: `skill:${name}`, name, description, tags: ["skill"] };
}
