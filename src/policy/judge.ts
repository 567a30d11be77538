import type { Decision, Digest, Obligation, Principal } from "../model/index.ts";
import type { CedarEntity, CedarRequest, EntityId, Evaluation } from "./cedar.ts";
import type { ReadContext } from "./context.ts";
import type { Slice } from "./policy-set.ts";
import type { Ask } from "./rule-notes.ts";
import type { Rule } from "./rules.ts";
import { toActionId, toResourceId, toTargetEntities, type PolicyTarget } from "./target.ts";

/** One side of a question: the subject itself, or the agent that acts for it. */
export interface Asker {
  readonly principal: Principal;
  readonly roles: readonly string[];
  readonly as: "subject" | "agent";
}

export interface Question {
  readonly asker: Asker;
  readonly target: PolicyTarget;
  readonly context: ReadContext["context"];
  readonly approved: boolean;
}

/**
 * First with nothing discharged. Where every forbid that applied gives way to an approval or to an
 * obligation, once more as if it had been given: only if that allows is a person asked. So nobody is
 * asked for what would be denied anyway, and a rule that cannot be evaluated is a no (I14).
 */
export function judge(slice: Slice, question: Question): Decision {
  return judgeInPasses(slice, question).decision;
}

export interface Judgement {
  readonly decision: Decision;
  /** With what it was evaluated: once, or twice. */
  readonly passes: readonly Discharged[];
}

export function judgeInPasses(slice: Slice, question: Question): Judgement {
  const passes: Discharged[] = [];
  const pass = (discharged: Discharged): Evaluation => {
    passes.push(discharged);
    return slice.prepared.evaluate(toRequest(question, discharged));
  };
  return { decision: judgeBy(pass, slice, question), passes };
}

type Pass = (discharged: Discharged) => Evaluation;

function judgeBy(pass: Pass, slice: Slice, { approved }: Question): Decision {
  const { digest: policy } = slice;
  const first = pass({ granted: approved, met: false });
  if (first.errors.length > 0) return toErrored(policy, first);
  if (first.allows)
    return { kind: "allow", policy, reasons: toReasons(slice, first), obligations: [] };

  const applied = first.reason.map((id) => slice.rules.get(id)!);
  const firm = applied.filter(({ notes }) => notes.gives === null);
  if (firm.length > 0) return toDenied(policy, firm);
  if (applied.length === 0) return toUnallowed(policy);

  const asks = applied.filter(({ notes }) => notes.gives?.to === "approval");
  const owed = applied.filter(({ notes }) => notes.gives?.to === "obligation");
  const granted = approved || asks.length > 0;
  const second = pass({ granted, met: owed.length > 0 });
  if (second.errors.length > 0) return toErrored(policy, second);
  if (!second.allows) {
    const rest = second.reason.map((id) => slice.rules.get(id)!);
    return rest.length === 0 ? toUnallowed(policy) : toDenied(policy, rest);
  }
  const obligations = owed.flatMap(toObligation);
  const obligedBy = owed.map(({ id }) => id);
  const reasons = bounded(applied.map(toReason));
  const common = { policy, reasons, obligations, obligedBy };
  if (asks.length === 0) return { kind: "allow", ...common };
  return { kind: "ask", ...common, approvers: toApprovers(asks) };
}

export interface Discharged {
  readonly granted: boolean;
  readonly met: boolean;
}

/** The question as Cedar takes it, with what is discharged. */
export function toRequest(
  { asker, target, context }: Omit<Question, "approved">,
  { granted, met }: Discharged,
): CedarRequest {
  return {
    principal: toPrincipalId(asker),
    action: toActionId(target),
    resource: toResourceId(target),
    context: { ...context, approval: { granted }, obligation: { met } },
    entities: [toPrincipalEntity(asker), ...toTargetEntities(target)],
  };
}

/** Everything of a tenant is named with it in front: another tenant's never reads as the same. */
export function toPrincipalId({ principal, as }: Asker): EntityId {
  const { tenant, kind, subject, actor } = principal;
  if (as === "agent") return { type: "Agent", id: `${tenant}/${actor!.agent}` };
  return { type: kind === "user" ? "User" : "Service", id: `${tenant}/${subject}` };
}

function toPrincipalEntity(asker: Asker): CedarEntity {
  const { principal, roles, as } = asker;
  const { tenant, subject, actor } = principal;
  const inTenant = { type: "Tenant", id: tenant };
  if (as === "agent") {
    const attrs = { tenant, name: actor!.agent, bundle: actor!.bundle };
    return { uid: toPrincipalId(asker), attrs, parents: [inTenant] };
  }
  const parents = roles.map((role) => ({ type: "Role", id: `${tenant}/${role}` }));
  return {
    uid: toPrincipalId(asker),
    attrs: { tenant, subject, roles: [...roles] },
    parents: [inTenant, ...parents],
  };
}

function toErrored(policy: Digest, { errors }: Evaluation): Decision {
  const reasons = errors.map(({ rule, message }) => ({
    rule,
    text: `The rule could not be evaluated: ${message}`.slice(0, 2_048),
    remedy: null,
  }));
  return { kind: "deny", policy, reasons: bounded(reasons) };
}

function toDenied(policy: Digest, rules: readonly Rule[]): Decision {
  return { kind: "deny", policy, reasons: bounded(rules.map(toReason)) };
}

export function toUnallowed(policy: Digest): Decision {
  const text = "No rule allows it.";
  return { kind: "deny", policy, reasons: [{ rule: "none", text, remedy: null }] };
}

function toReasons(slice: Slice, { reason }: Evaluation) {
  return bounded(reason.map((id) => toReason(slice.rules.get(id)!)));
}

function toReason({ id, notes }: Rule) {
  const asked = notes.gives?.to === "approval" ? notes.gives.ask.text : null;
  const text = notes.reason ?? (asked === null || asked === "" ? `See rule ${id}.` : asked);
  return { rule: id, text, remedy: notes.remedy ?? (asked === null ? null : "request_approval") };
}

function toObligation({ notes }: Rule): readonly Obligation[] {
  return notes.gives?.to === "obligation" ? [notes.gives.obligation] : [];
}

/** Everyone that any rule names has to agree; of one that several name, the strictest word. */
function toApprovers(rules: readonly Rule[]): Extract<Decision, { kind: "ask" }>["approvers"] {
  const byWho = new Map<string, Ask["approvers"]>();
  for (const { notes } of rules) {
    if (notes.gives?.to !== "approval") continue;
    const { who, quorum, passkey } = notes.gives.ask.approvers;
    const known = byWho.get(who);
    byWho.set(who, {
      who,
      quorum: Math.max(quorum, known?.quorum ?? 1),
      passkey: passkey || known?.passkey === true,
    });
  }
  return [...byWho.values()];
}

function bounded<Item>(items: readonly Item[]): readonly Item[] {
  return items.slice(0, 100);
}
