import type { TenantId } from "../../src/model/index.ts";
import { toArgumentType } from "../../src/policy/argument-type.ts";
import { createDecide, Memo, type Decide } from "../../src/policy/decide.ts";
import type { Facts } from "../../src/policy/facts.ts";
import { createPolicySet } from "../../src/policy/policy-set.ts";
import { readRules, type Rule } from "../../src/policy/rules.ts";
import type { PolicyTarget } from "../../src/policy/target.ts";

export const tenant = "default" as TenantId;

export function toTool(id: string, more: Partial<PolicyTarget> = {}): PolicyTarget {
  const [server, name] = id.split("__") as [string, string];
  return { kind: "Tool", id, action: id, name, server, effect: "write", outward: false, ...more };
}

export const payment = toArgumentType({
  type: "object",
  properties: {
    amount: { type: "number" },
    count: { type: "integer" },
    to: { type: "string" },
    note: { type: ["string", "null"] },
    tags: { type: "array", items: { type: "string" } },
    from: { type: "object", properties: { iban: { type: "string" } } },
  },
  required: ["amount", "to"],
});

export function toFacts(more: Partial<Facts> = {}): Facts {
  return {
    principal: { tenant, kind: "user", subject: "ada", actor: null },
    roles: [],
    toolset: "",
    args: { amount: 10, to: "shop" },
    argumentType: payment,
    labels: [],
    nowMs: Date.parse("2026-11-20T10:30:00Z"),
    run: null,
    sandbox: null,
    approved: false,
    ...more,
  };
}

export function read(text: string): readonly Rule[] {
  const found = readRules({ test: text });
  if (found.kind === "refused") throw new Error(JSON.stringify(found.problems));
  return found.rules;
}

export function decideBy(text: string, target: PolicyTarget = toTool("bank__pay")): Decide {
  return createDecide(createPolicySet(read(text)), target, new Memo(1_000));
}
