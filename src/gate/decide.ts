import {
  toCanonicalText,
  toDigest,
  toPrincipalKey,
  type Decision,
  type Digest,
  type Label,
  type Obligation,
} from "../model/index.ts";
import { toSandboxFactsOf } from "../model/server-sandbox.ts";
import { combine } from "../policy/combine.ts";
import type { Clock } from "../ports/clock.ts";
import type { Decider, Question } from "../ports/decider.ts";
import type { ApprovalOfCall, Call, DecidedCall, IntentOfCall } from "./call.ts";
import { toBound } from "./forwarded.ts";
import type { Guard } from "./guard-upstream.ts";
import { findLeak, type Leak } from "./leaks.ts";
import { findUnmet } from "./obligations.ts";
import { createIntentTemplate, type IntentTemplate } from "./intent-template.ts";

export type Decide = (call: Call, labels: readonly Label[], agreed?: Agreed | null) => Verdict;

export interface DecideOptions {
  readonly decider: Decider;
  readonly clock: Clock;
  readonly salt: () => string;
  readonly guard: Pick<Guard, "scan" | "noteLeak">;
}

/** A person's yes to the very intent that is made anew, or one that this call goes on under. */
export interface Agreed extends ApprovalOfCall {
  /** Null where the intent is a new one under a yes that was used. */
  readonly made: Pick<IntentOfCall, "digest" | "salt" | "notAfterMs"> | null;
  /** The rules that had asked. */
  readonly rules: readonly string[];
}

export type Verdict =
  | { readonly kind: "allowed"; readonly call: DecidedCall }
  /** It is not what was agreed to. */
  | { readonly kind: "changed"; readonly call: Call; readonly intent: IntentOfCall }
  | {
      readonly kind: "refused";
      readonly call: Call;
      readonly decision: Exclude<Decision, { kind: "allow" }>;
      readonly intent: DecidedCall["intent"];
    }
  | {
      readonly kind: "unmet";
      readonly call: Call;
      readonly obligation: Obligation;
      readonly intent: DecidedCall["intent"];
    };

/** More (principal, target) pairs than one replica serves between two revisions; then it starts anew. */
const maxTemplates = 10_000;

/**
 * The only maker of a `DecidedCall`. A known secret in what is to be sent is a no before any rule is
 * asked; what policy asks for and the gate cannot do yet is a no after it (I14).
 */
export function createDecide({ decider, clock, salt, guard }: DecideOptions): Decide {
  const templates = new Map<string, IntentTemplate>();

  function templateOf(call: Call, policy: Digest): IntentTemplate {
    const { principal } = call.request;
    const definition = call.tool?.acting ?? null;
    const key = `${policy}\n${toPrincipalKey(principal)}\n${call.server.name}\n${call.method}\n${definition}\n${call.target}`;
    const known = templates.get(key);
    if (known !== undefined) return known;
    if (templates.size >= maxTemplates) templates.clear();
    const { server, method, target } = call;
    const template = createIntentTemplate({
      principal,
      server: server.name,
      method,
      target,
      definition,
      policy,
    });
    templates.set(key, template);
    return template;
  }

  return (call, labels, agreed = null) => {
    const { canonical, forwarded } = call;
    const leak = findLeak(call, guard.scan);
    if (leak !== null) guard.noteLeak(call, leak);
    const decision =
      leak === null
        ? decideBoth(decider, call, toQuestion(call, { labels, nowMs: clock.nowMs(), agreed }))
        : denyLeak(leak);
    const template = templateOf(call, decision.policy);
    const made = agreed?.made ?? { salt: salt(), notAfterMs: call.notAfterMs };
    const bound = toBound(forwarded);
    const { salt: drawn, notAfterMs: untilMs } = made;
    const { run } = call.request;
    const filled = { canonical, salt: drawn, forwarded: bound, notAfterMs: untilMs, run };
    const intent = {
      digest: template.fill(filled),
      policy: decision.policy,
      rules: agreed?.rules ?? decision.reasons.map(({ rule }) => rule),
      salt: made.salt,
      notAfterMs: made.notAfterMs,
    };
    if ("digest" in made && made.digest !== intent.digest) return { kind: "changed", call, intent };
    if (decision.kind !== "allow") return { kind: "refused", call, decision, intent };
    const obligation = findUnmet(decision, call);
    if (obligation !== null) return { kind: "unmet", call, obligation, intent };
    const approval = agreed === null ? null : toApproval(agreed);
    const notAfterMs = Math.min(call.notAfterMs, made.notAfterMs);
    const decided = { ...call, notAfterMs, decision, intent, approval, claims: null };
    return { kind: "allowed", call: toDecided(decided) };
  };
}

/**
 * I7: what the rules in force say and what those say that the run began with, the stricter of both. The
 * policy is both, too: what was agreed to under them is void once either is another.
 */
function decideBoth(decider: Decider, { request }: Call, question: Question): Decision {
  const current = decider.decide(question);
  const begun = request.run?.rules?.decide(question);
  if (begun === undefined) return current;
  const policy = toDigest(toCanonicalText({ begun: begun.policy, current: current.policy }));
  return { ...combine(current, begun), policy };
}

const leakPolicy = toDigest("known secrets do not leave");

/** An agent must not be made to carry a credential out, whatever else it may do. */
function denyLeak({ secret, spelling, pointer }: Leak): Decision {
  const text = `${pointer} holds the secret ${secret} (${spelling}).`;
  return {
    kind: "deny",
    policy: leakPolicy,
    reasons: [{ rule: "leak", text: text.slice(0, 2_048), remedy: "remove_secret" }],
  };
}

function toApproval({ id, isUsed, round }: Agreed): ApprovalOfCall {
  return { id, isUsed, round };
}

interface Asking {
  readonly labels: readonly Label[];
  readonly nowMs: number;
  readonly agreed: Agreed | null;
}

function toQuestion(call: Call, { labels, nowMs, agreed }: Asking): Question {
  const { request, server, tool, method, kind, target, effect, outward, args } = call;
  const { principal, roles, toolset } = request;
  const run = request.run?.facts ?? null;
  const about = { server, tool, method, kind, target, effect, outward };
  return {
    principal,
    roles,
    toolset,
    ...about,
    args,
    labels,
    nowMs,
    run,
    sandbox: toSandboxFactsOf(server.config, tool?.name ?? null),
    approved: agreed !== null,
  };
}

/** The mark is a type alone: nothing at run time makes a call decided but this. */
function toDecided(call: Omit<DecidedCall, keyof DecidedCall & symbol>): DecidedCall {
  return call as DecidedCall;
}
