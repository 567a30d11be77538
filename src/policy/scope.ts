import type { CedarPolicy, EntityId } from "./cedar.ts";
import { toActionGroups, type PolicyTarget } from "./target.ts";

/** Whether a rule can say anything of a target: its action and its resource, as its head names them. */
export function isAbout({ action, resource }: CedarPolicy, target: PolicyTarget): boolean {
  return isActionOf(action, target) && isResourceOf(resource, target);
}

function isActionOf(action: CedarPolicy["action"], target: PolicyTarget): boolean {
  if (action.op === "All") return true;
  const named = "entities" in action ? action.entities : "entity" in action ? [action.entity] : [];
  const own = named.map(toId).filter(({ type }) => type === "Action");
  if (own.some(({ id }) => id === target.action)) return true;
  const groups = toActionGroups(target);
  return action.op === "in" && own.some(({ id }) => groups.includes(id));
}

function isResourceOf(resource: CedarPolicy["resource"], target: PolicyTarget): boolean {
  switch (resource.op) {
    case "All":
      return true;
    case "==":
      return "entity" in resource && isSelf(toId(resource.entity), target);
    case "in":
      return "entity" in resource && isWithin(toId(resource.entity), target);
    case "is": {
      if (resource.entity_type !== target.kind) return false;
      const within = resource.in;
      return within === undefined || ("entity" in within && isWithin(toId(within.entity), target));
    }
  }
}

function isSelf({ type, id }: EntityId, target: PolicyTarget): boolean {
  return type === target.kind && id === target.id;
}

/** Everything is in itself, and in its server. */
function isWithin(entity: EntityId, target: PolicyTarget): boolean {
  return isSelf(entity, target) || (entity.type === "Server" && entity.id === target.server);
}

export function toId(entity: EntityId | { readonly __entity: EntityId }): EntityId {
  return "__entity" in entity ? entity.__entity : entity;
}

/** The actions that a head names one by one; null where it names groups or none. */
export function toNamedActions({ action }: CedarPolicy): readonly string[] | null {
  if (action.op === "All") return null;
  const named = "entities" in action ? action.entities : "entity" in action ? [action.entity] : [];
  return named.map((entity) => toId(entity).id);
}
