import type { ArgumentType, RecordType } from "./argument-type.ts";
import type { SandboxFacts } from "../model/tier-traits.ts";
import type { CedarSchema } from "./cedar.ts";
import { actionGroups, sharedActions, toActionGroups, type PolicyTarget } from "./target.ts";

/** A tool as rules are checked against it: what it is called and what its arguments are. */
export interface CheckedTool extends PolicyTarget {
  readonly kind: "Tool";
  readonly argumentType: RecordType;
}

type Type = CedarSchema[string]["entityTypes"] extends Record<string, unknown> ? SchemaType : never;
type SchemaType =
  | { type: "String" | "Long" | "Boolean" }
  | { type: "Extension"; name: string }
  | { type: "Set"; element: SchemaType }
  | { type: "Record"; attributes: Record<string, SchemaType & { required?: boolean }> };

const text: Type = { type: "String" };
const count: Type = { type: "Long" };
const flag: Type = { type: "Boolean" };

/** What Cedar checks rules against: the pinned tools, each an action with its own arguments. */
export function toPolicySchema(tools: readonly CheckedTool[]): CedarSchema {
  const principalTypes = ["User", "Service", "Agent"];
  const actions: CedarSchema[string]["actions"] = {};
  for (const group of actionGroups) actions[group] = {};
  for (const tool of tools) {
    actions[tool.action] = {
      memberOf: toActionGroups(tool).map((id) => ({ id })),
      appliesTo: { principalTypes, resourceTypes: ["Tool"], context: toContext(tool.argumentType) },
    };
  }
  for (const action of sharedActions) {
    const resourceTypes = resourceTypesOf[action];
    const context = toContext({ kind: "record", members: new Map() });
    actions[action] = {
      memberOf: [{ id: "read" }, { id: "outward" }],
      appliesTo: { principalTypes, resourceTypes: [...resourceTypes], context },
    };
  }
  return { "": { entityTypes, actions } };
}

const resourceTypesOf = {
  get_prompt: ["Prompt"],
  read_resource: ["Resource"],
  complete: ["Prompt", "Resource"],
} as const;

const subjectShape = {
  type: "Record",
  attributes: { tenant: text, subject: text, roles: { type: "Set", element: text } },
} as const;

const entityTypes: CedarSchema[string]["entityTypes"] = {
  Tenant: {},
  Role: {},
  Server: {},
  User: { memberOfTypes: ["Tenant", "Role"], shape: structuredClone(subjectShape) },
  Service: { memberOfTypes: ["Tenant", "Role"], shape: structuredClone(subjectShape) },
  Agent: {
    memberOfTypes: ["Tenant"],
    shape: { type: "Record", attributes: { tenant: text, name: text, bundle: text } },
  },
  Tool: toTarget("name"),
  Prompt: toTarget("name"),
  Resource: toTarget("uri"),
};

/** Hoisted: the table above is made of it. */
function toTarget(named: "name" | "uri") {
  const attributes = { [named]: text, effect: text, outward: flag };
  return { memberOfTypes: ["Server"], shape: { type: "Record" as const, attributes } };
}

function toContext(argumentType: RecordType): SchemaType {
  return record({
    args: toType(argumentType),
    labels: { type: "Set", element: text },
    toolset: text,
    approval: record({ granted: flag }),
    obligation: record({ met: flag }),
    time: record({ year: count, month: count, day: count, weekday: count, hour: count }),
    run: { ...record({ step: count, calls: count, spentMicros: count }), required: false },
    sandbox: { ...record(sandboxMembers), required: false },
  });
}

/** A row of the decision table: `TierTraits` with its tier. */
const sandboxMembers = {
  tier: text,
  isolation: text,
  kernel: text,
  startMs: count,
  volume: text,
  untrustedCode: flag,
} satisfies Record<keyof SandboxFacts, Type>;

function record(attributes: Record<string, SchemaType & { required?: boolean }>): SchemaType {
  return { type: "Record", attributes };
}

function toType(type: ArgumentType): SchemaType {
  switch (type.kind) {
    case "string":
      return text;
    case "long":
      return count;
    case "boolean":
      return flag;
    case "decimal":
      return { type: "Extension", name: "decimal" };
    case "set":
      return { type: "Set", element: toType(type.element) };
    case "record": {
      const attributes: Record<string, SchemaType & { required?: boolean }> = {};
      for (const [name, { type: inner, required }] of type.members) {
        const value = { ...toType(inner), required };
        Object.defineProperty(attributes, name, { value, enumerable: true });
      }
      return record(attributes);
    }
  }
}
