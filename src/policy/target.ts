import type { CedarEntity, EntityId } from "./cedar.ts";

export type PolicyEffect = "read" | "write" | "destructive";

/** What is asked for, as rules name it. */
export interface PolicyTarget {
  readonly kind: "Tool" | "Prompt" | "Resource";
  /** `server__name`, whatever a toolset calls it; of a resource its URI. */
  readonly id: string;
  /** The server's own name, or the URI. */
  readonly name: string;
  readonly server: string;
  readonly effect: PolicyEffect;
  /** Whether what goes into it may leave the house, read or not. */
  readonly outward: boolean;
  /** A tool's own action has its id; prompts and resources share these. */
  readonly action: string;
}

export const sharedActions = ["get_prompt", "read_resource", "complete"] as const;
export const actionGroups = ["call", "read", "write", "destructive", "outward"] as const;

/** The groups an action is in: `call` for every tool, what it does at most, whether it goes out. */
export function toActionGroups({
  kind,
  effect,
  outward,
}: Pick<PolicyTarget, "kind" | "effect" | "outward">): readonly string[] {
  return [...(kind === "Tool" ? ["call"] : []), effect, ...(outward ? ["outward"] : [])];
}

export function toActionId({ action }: PolicyTarget): EntityId {
  return { type: "Action", id: action };
}
export function toResourceId({ kind, id }: PolicyTarget): EntityId {
  return { type: kind, id };
}

/** What Cedar has to know of the target: whose it is and what it does. */
export function toTargetEntities(target: PolicyTarget): readonly CedarEntity[] {
  const { kind, name, server, effect, outward } = target;
  const attrs = { ...(kind === "Resource" ? { uri: name } : { name }), effect, outward };
  return [
    { uid: toResourceId(target), attrs, parents: [{ type: "Server", id: server }] },
    {
      uid: toActionId(target),
      attrs: {},
      parents: toActionGroups(target).map((id) => ({ type: "Action", id })),
    },
  ];
}
