import type { PolicyExplanation } from "../../../../src/client/client.ts";
import type { Obligation } from "../../../../src/model/decision.ts";
import type { Tone } from "../../ui/badge.tsx";
import { toDuration } from "../../words/to-duration.ts";

type Explained = PolicyExplanation["rules"][number];

export const decisionTones: Readonly<Record<string, Tone>> = {
  allow: "ok",
  ask: "accent",
  deny: "danger",
  depends: "warn",
};

/** Why a rule counted or did not, in one sentence for each who asked. */
export function toWhy({ effect, gives, applied, reads }: Explained): readonly string[] {
  return applied.map(({ as, first, second }) => {
    const who =
      applied.length > 1 && as === "agent"
        ? "Of the agent: it"
        : applied.length > 1
          ? "Of the subject: it"
          : "It";
    if (first === "error") return `${who} could not be evaluated, which is a no.`;
    if (first === "no") {
      const read = reads.length === 0 ? "" : `; what it reads is ${reads.join(", ")}`;
      return `${who} did not hold${read}.`;
    }
    const did = effect === "permit" ? "held and permits" : "held and forbids";
    if (second === null || gives === null) return `${who} ${did}.`;
    const given = gives === "approval" ? "an approval" : "its obligation";
    return second === "yes"
      ? `${who} ${did}, and would with ${given} as well.`
      : `${who} ${did}, and gives way to ${given}.`;
  });
}

/** Whether it had a part in the decision. */
export function hasHeld({ applied }: Explained): boolean {
  return applied.some(({ first }) => first !== "no");
}

export function toObligationWords(obligation: Obligation): string {
  switch (obligation.kind) {
    case "redact":
      return `${obligation.pointers.join(", ")} is taken out of the result`;
    case "rate":
      return `${obligation.calls} calls in ${toDuration(obligation.perMs)} at most`;
    case "sandbox":
      return `in a sandbox of tier ${obligation.tier}`;
    case "egress":
      return `reaching ${obligation.hosts.join(", ")} at most`;
  }
}
