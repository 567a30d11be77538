import {
  toDigest,
  toPrincipalKey,
  type Decision,
  type Digest,
  type Label,
  type Obligation,
} from "../model/index.ts";
import type { Clock } from "../ports/clock.ts";
import type { Decider, Question } from "../ports/decider.ts";
import type { Call, DecidedCall } from "./call.ts";
import type { Guard } from "./guard-upstream.ts";
import { findLeak, type Leak } from "./leaks.ts";
import { findUnmet } from "./obligations.ts";
import { createIntentTemplate, type IntentTemplate } from "./intent-template.ts";

export interface DecideOptions {
  readonly decider: Decider;
  readonly clock: Clock;
  readonly salt: () => string;
  readonly guard: Pick<Guard, "scan" | "noteLeak">;
}

export type Verdict =
  | { readonly kind: "allowed"; readonly call: DecidedCall }
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
export function createDecide({
  decider,
  clock,
  salt,
  guard,
}: DecideOptions): (call: Call, labels: readonly Label[]) => Verdict {
  const templates = new Map<string, IntentTemplate>();

  function templateOf(call: Call, policy: Digest): IntentTemplate {
    const { principal } = call.request;
    const definition = call.tool?.pin ?? null;
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

  return (call, labels) => {
    const { canonical, forwarded, notAfterMs } = call;
    const leak = findLeak(call, guard.scan);
    if (leak !== null) guard.noteLeak(call, leak);
    const decision =
      leak === null ? decider.decide(toQuestion(call, labels, clock.nowMs())) : denyLeak(leak);
    const template = templateOf(call, decision.policy);
    const digest = template.fill({ canonical, salt: salt(), forwarded, notAfterMs });
    const intent = {
      digest,
      policy: decision.policy,
      rules: decision.reasons.map(({ rule }) => rule),
    };
    if (decision.kind !== "allow") return { kind: "refused", call, decision, intent };
    const obligation = findUnmet(decision);
    if (obligation !== null) return { kind: "unmet", call, obligation, intent };
    return { kind: "allowed", call: toDecided({ ...call, decision, intent }) };
  };
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

function toQuestion(call: Call, labels: readonly Label[], nowMs: number): Question {
  const { request, server, tool, method, kind, target, effect, outward, args } = call;
  const { principal, roles, toolset } = request;
  const about = { server, tool, method, kind, target, effect, outward };
  return { principal, roles, toolset, ...about, args, labels, nowMs };
}

/** The mark is a type alone: nothing at run time makes a call decided but this. */
function toDecided(call: Omit<DecidedCall, keyof DecidedCall & symbol>): DecidedCall {
  return call as DecidedCall;
}
