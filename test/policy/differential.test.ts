import fc from "fast-check";
import { isAuthorized, type AuthorizationCall } from "@cedar-policy/cedar-wasm/nodejs";
import { expect, test } from "vitest";
import type { Decision, TenantId } from "../../src/model/index.ts";
import { toArgumentType, toCedarValue } from "../../src/policy/argument-type.ts";
import { createDecide, Memo, type Decide } from "../../src/policy/decide.ts";
import type { Facts } from "../../src/policy/facts.ts";
import { createPolicySet } from "../../src/policy/policy-set.ts";
import { starterRules } from "../../src/model/starter-rules.ts";
import type { PolicyTarget } from "../../src/policy/target.ts";
import { scaled, seed } from "../scale.ts";
import { read, toFacts, toTool } from "./facts.ts";

const schema = {
  type: "object",
  properties: {
    amount: { type: "integer" },
    to: { type: "string" },
    tags: { type: "array", items: { type: "string" } },
    from: { type: "object", properties: { iban: { type: "string" } } },
  },
};
const argumentType = toArgumentType(schema);

// Some are wrong on purpose: a condition that errors has to deny on both sides.
const text = `${starterRules}
@id("big") @ask("x") @approvers("role:finance")
forbid (principal, action in [Action::"bank__pay", Action::"mail__send"], resource)
when { context.args has amount && context.args.amount > 5 } unless { context.approval.granted };
@id("hide") @obligation("redact /card")
forbid (principal, action, resource in Server::"bank")
when { context.args has tags && context.args.tags.contains("card") } unless { context.obligation.met };
@id("never") forbid (principal, action, resource) when { context.args has to && context.args.to like "*evil*" };
@id("admin") permit (principal in Role::"acme/admin", action, resource);
@id("ada") permit (principal == User::"acme/ada", action == Action::"bank__wipe", resource);
@id("agent") forbid (principal is Agent, action in Action::"destructive", resource);
@id("iban") forbid (principal, action == Action::"bank__pay", resource) when { context.args.from.iban == "DE0" };
@id("night") forbid (principal, action in Action::"call", resource) when { context.time.hour >= 22 };
@id("set") forbid (principal, action, resource in Server::"web") when { context.toolset == "safe" && resource.outward };
@id("run") forbid (principal, action, resource) when { context has run && context.run.step > 2 && principal is Service };
`;
const rules = read(text);

const targets: readonly PolicyTarget[] = [
  toTool("bank__pay"),
  toTool("bank__balance", { effect: "read" }),
  toTool("bank__wipe", { effect: "destructive" }),
  toTool("mail__send", { outward: true }),
  toTool("web__fetch", { effect: "read", outward: true }),
  {
    ...toTool("web__x"),
    kind: "Resource",
    action: "read_resource",
    id: "web://a",
    name: "web://a",
    effect: "read",
  },
];

const args = fc.record(
  {
    amount: fc.integer({ min: 0, max: 10 }),
    to: fc.constantFrom("shop", "evil", "an evil one"),
    tags: fc.subarray(["card", "a"]),
    from: fc.record({ iban: fc.constantFrom("DE0", "DE1") }, { requiredKeys: [] }),
  },
  { requiredKeys: [] },
);
const facts = fc
  .record({
    tenant: fc.constantFrom("acme", "other"),
    kind: fc.constantFrom("user", "service"),
    subject: fc.constantFrom("ada", "bob"),
    agent: fc.constantFrom(null, "travel"),
    roles: fc.subarray(["admin", "viewer"]),
    toolset: fc.constantFrom("", "safe"),
    labels: fc.subarray(["untrusted", "confidential"]),
    hour: fc.integer({ min: 20, max: 23 }),
    run: fc.option(
      fc.record({
        step: fc.integer({ min: 0, max: 4 }),
        calls: fc.constant(0),
        spentMicros: fc.constant(0),
      }),
    ),
    approved: fc.boolean(),
    args,
  })
  .map(({ tenant, kind, subject, agent, hour, ...rest }): Facts => {
    const actor = agent === null ? null : { agent, bundle: bundle };
    return toFacts({
      ...rest,
      principal: { tenant: tenant as TenantId, kind, subject, actor },
      argumentType,
      labels: rest.labels as Facts["labels"],
      nowMs: Date.UTC(2026, 10, 20, hour, 5),
    });
  });
const bundle = `sha256:${"0".repeat(64)}` as NonNullable<Facts["principal"]["actor"]>["bundle"];

/** Cedar itself, whole: every rule, every fact, nothing kept; the two passes as the design says them. */
function decidePlainly(target: PolicyTarget, given: Facts): string {
  const asSubject = passTwice(target, given, "subject");
  if (given.principal.actor === null) return asSubject;
  const asAgent = passTwice(target, given, "agent");
  if (asSubject === "deny" || asAgent === "deny") return "deny";
  return asSubject === "ask" || asAgent === "ask" ? "ask" : "allow";
}

function passTwice(target: PolicyTarget, given: Facts, as: "subject" | "agent"): string {
  const first = askCedar(target, given, { as, granted: given.approved, met: false });
  if (first.errors.length > 0) return "deny";
  if (first.decision === "allow") return "allow";
  const asks = first.reason.filter((id) =>
    /^(?:starter\/(?:effects|after-untrusted)-ask|big)$/.test(id),
  );
  const owed = first.reason.filter((id) => id === "hide");
  if (first.reason.length === 0 || asks.length + owed.length < first.reason.length) return "deny";
  const granted = given.approved || asks.length > 0;
  const second = askCedar(target, given, { as, granted, met: owed.length > 0 });
  if (second.errors.length > 0 || second.decision === "deny") return "deny";
  return asks.length > 0 ? "ask" : "allow";
}

interface Pass {
  readonly as: "subject" | "agent";
  readonly granted: boolean;
  readonly met: boolean;
}

function askCedar(target: PolicyTarget, given: Facts, { as, granted, met }: Pass) {
  const { tenant, kind, subject, actor } = given.principal;
  const date = new Date(given.nowMs);
  const uid =
    as === "agent"
      ? { type: "Agent", id: `${tenant}/${actor!.agent}` }
      : { type: kind === "user" ? "User" : "Service", id: `${tenant}/${subject}` };
  const groups = [target.effect, ...(target.kind === "Tool" ? ["call"] : [])].concat(
    target.outward ? ["outward"] : [],
  );
  const call: AuthorizationCall = {
    principal: uid,
    action: { type: "Action", id: target.action },
    resource: { type: target.kind, id: target.id },
    context: {
      args: toCedarValue(argumentType, given.args),
      labels: [...given.labels],
      toolset: given.toolset,
      approval: { granted },
      obligation: { met },
      time: {
        year: date.getUTCFullYear(),
        month: date.getUTCMonth() + 1,
        day: date.getUTCDate(),
        weekday: date.getUTCDay() === 0 ? 7 : date.getUTCDay(),
        hour: date.getUTCHours(),
      },
      ...(given.run === null ? {} : { run: { ...given.run } }),
    },
    policies: { staticPolicies: Object.fromEntries(rules.map(({ id, text: rule }) => [id, rule])) },
    entities: [
      {
        uid,
        attrs:
          as === "agent"
            ? { tenant, name: actor!.agent }
            : { tenant, subject, roles: [...given.roles] },
        parents: [
          { type: "Tenant", id: tenant },
          ...(as === "agent"
            ? []
            : given.roles.map((role) => ({ type: "Role", id: `${tenant}/${role}` }))),
        ],
      },
      {
        uid: { type: target.kind, id: target.id },
        attrs: { effect: target.effect, outward: target.outward },
        parents: [{ type: "Server", id: target.server }],
      },
      {
        uid: { type: "Action", id: target.action },
        attrs: {},
        parents: groups.map((id) => ({ type: "Action", id })),
      },
    ],
  };
  const answer = isAuthorized(call);
  if (answer.type === "failure") throw new Error(JSON.stringify(answer.errors));
  return { decision: answer.response.decision, ...answer.response.diagnostics };
}

test("sliced and memoised, a decision is what Cedar says of everything at once", () => {
  const set = createPolicySet(rules);
  const memo = new Memo(2_000);
  const decides = new Map<PolicyTarget, Decide>(
    targets.map((target) => [target, createDecide(set, target, memo)]),
  );
  const seen = { allow: 0, ask: 0, deny: 0 };
  const requests = scaled({ test: 2_000, prove: 100_000 });
  fc.assert(
    fc.property(fc.constantFrom(...targets), facts, (target, given) => {
      const decision: Decision = decides.get(target)!(given);
      seen[decision.kind] += 1;
      expect(decision.kind).toBe(decidePlainly(target, given));
    }),
    { numRuns: requests, seed: seed() },
  );
  // Every outcome was really compared, not one of them alone.
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(requests / 400);
  set.close();
}, 600_000);
