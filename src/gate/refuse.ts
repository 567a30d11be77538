import type { Digest, Obligation } from "../model/index.ts";
import type { GateAnswer } from "../ports/gate.ts";
import type { Call, DecidedCall, IntentOfCall } from "./call.ts";
import { renderDeclined } from "./consent.ts";
import { countToolCall } from "./count-tool-call.ts";
import type { Verdict } from "./decide.ts";
import type { GateParts } from "./gate-parts.ts";
import type { Outcome } from "./outcome.ts";
import { renderRefusal } from "./render.ts";
import { resolveToolset } from "./resolve.ts";

type RefuseParts = Pick<GateParts, "recorder" | "telemetry" | "catalog">;
type Refused = Extract<Verdict, { kind: "refused" | "unmet" }>;

/** Policy says no, or asks for what the gate cannot do. */
export function refuse(parts: RefuseParts, verdict: Refused): Promise<GateAnswer> | GateAnswer {
  const { call, intent } = verdict;
  const reason =
    verdict.kind === "unmet" ? `obligation:${verdict.obligation.kind}` : (intent.rules[0] ?? null);
  const decision =
    verdict.kind === "refused" ? verdict.decision : unmet(intent.policy, verdict.obligation);
  const { reveal } = resolveToolset(parts.catalog(), call.request);
  const recorded = recordUnsent(parts, { call, intent, outcome: "denied", reason });
  const answer = renderRefusal(call, decision, reveal);
  return recorded === undefined ? answer : recorded.then(() => answer);
}

export interface Unsent {
  readonly call: Call;
  readonly intent: IntentOfCall;
  readonly outcome: Extract<Outcome["outcome"], "denied" | "expired">;
  readonly reason: string | null;
}

/** The entry of a call of which nothing was sent. */
export function recordUnsent(
  { recorder, telemetry }: Pick<GateParts, "recorder" | "telemetry">,
  unsent: Unsent,
): Promise<void> | void {
  telemetry.count("gate_calls", { outcome: unsent.outcome });
  countToolCall(telemetry, unsent.call, { ...unsent, tookMs: null });
  const sent = { of: null, endpoint: null, credential: null, sandbox: null };
  const said = { result: null, handed: null };
  return recorder.outcome({ ...sent, ...said, ...unsent, queuedUs: 0, upstreamUs: 0 });
}

/** The person did not agree to a credential. */
export async function decline(parts: RefuseParts, call: DecidedCall): Promise<GateAnswer> {
  const { intent } = call;
  await recordUnsent(parts, { call, intent, outcome: "denied", reason: "consent_declined" });
  return renderDeclined(call);
}

function unmet(policy: Digest, obligation: Obligation) {
  const text = `A rule asks for ${toWords(obligation)}, and the server is not run so.`;
  return { kind: "deny", policy, reasons: [{ rule: "obligation", text, remedy: null }] } as const;
}

function toWords(obligation: Obligation): string {
  switch (obligation.kind) {
    case "sandbox":
      return `a sandbox of tier ${obligation.tier}`;
    case "egress":
      return `a sandbox that reaches ${obligation.hosts.join(", ").slice(0, 500)} at most`;
    default:
      return `the obligation ${obligation.kind}`;
  }
}
