import {
  toPrincipalKey,
  type Decision,
  type Digest,
  type Label,
  type Obligation,
} from "../model/index.ts";
import type { Clock } from "../ports/clock.ts";
import type { Decider, Question } from "../ports/decider.ts";
import type { Call, DecidedCall } from "./call.ts";
import { createIntentTemplate, type IntentTemplate } from "./intent-template.ts";

export interface DecideOptions {
  readonly decider: Decider;
  readonly clock: Clock;
  readonly salt: () => string;
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

/** The only maker of a `DecidedCall`. What policy asks for and the gate cannot do yet is a no (I14). */
export function createDecide({
  decider,
  clock,
  salt,
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
    const decision = decider.decide(toQuestion(call, labels, clock.nowMs()));
    const template = templateOf(call, decision.policy);
    const digest = template.fill({ canonical, salt: salt(), forwarded, notAfterMs });
    const intent = {
      digest,
      policy: decision.policy,
      rules: decision.reasons.map(({ rule }) => rule),
    };
    if (decision.kind !== "allow") return { kind: "refused", call, decision, intent };
    const [obligation] = decision.obligations;
    // No obligation is carried out by this gate yet, and one that is not carried out is a no.
    if (obligation !== undefined) return { kind: "unmet", call, obligation, intent };
    return { kind: "allowed", call: toDecided({ ...call, decision, intent }) };
  };
}

function toQuestion(call: Call, labels: readonly Label[], nowMs: number): Question {
  const { request, server, tool, method, target, effect, outward, args } = call;
  const { principal, roles, toolset } = request;
  const about = { server, tool, method, target, effect, outward };
  return { principal, roles, toolset, ...about, args, labels, nowMs };
}

/** The mark is a type alone: nothing at run time makes a call decided but this. */
function toDecided(call: Omit<DecidedCall, keyof DecidedCall & symbol>): DecidedCall {
  return call as DecidedCall;
}
