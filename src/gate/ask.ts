import { toSubjectKey } from "../model/index.ts";
import type { Asking, Standing } from "../ports/approvals.ts";
import type { GateAnswer } from "../ports/gate.ts";
import type { Call, DecidedCall } from "./call.ts";
import { askInPlace, canAskInPlace } from "./ask-in-place.ts";
import type { Asked } from "./asked.ts";
import { toBound } from "./forwarded.ts";
import type { GateParts } from "./gate-parts.ts";
import { toStanding } from "./kept-call.ts";
import { recordUnsent, refuse } from "./refuse.ts";
import { readAction, renderApproval, renderAsked, type ApprovalEnd } from "./render-approval.ts";
import { resolveToolset } from "./resolve.ts";
import { stillHolds } from "./still-holds.ts";
import { untilDecided } from "./until-decided.ts";

export type Passed =
  | { readonly kind: "agreed"; readonly call: DecidedCall }
  | { readonly kind: "answered"; readonly answer: GateAnswer };

/** A client that comes back is held for so long before it is told to come back once more. */
const holdMs = 20_000;

/**
 * A call that a person has to agree to. Whoever asks for the same again finds the same approval,
 * whichever way it comes: with the state that it was given, or by what it asks for alone. Nothing that
 * the client says decides, unless the rule lets the caller agree itself.
 */
export async function askPerson(parts: GateParts, asked: Asked): Promise<Passed> {
  const { call, state, responses } = asked;
  const { client } = call.request;
  const first = await findStanding(parts, asked);
  const action = state?.kind === "approval" ? readAction(responses) : null;
  let standing = await takeAnswer(parts, { call, standing: first, action });
  if (standing === "withdrawn") return end(parts, asked, { standing: first, how: "withdrawn" });
  if (standing.state === "pending") {
    if (canAskInPlace(client, standing)) {
      standing = await askInPlace(parts, asked, standing);
      if (standing === "withdrawn") return end(parts, asked, { standing: first, how: "withdrawn" });
    } else {
      const heldMs = state?.kind === "approval" ? holdMs : 0;
      const waitMs = Math.max(call.own.waitMs, heldMs);
      standing = await untilDecided(parts, call, { standing, waitMs });
    }
  }
  return conclude(parts, asked, standing);
}

async function findStanding(parts: GateParts, asked: Asked): Promise<Standing> {
  const { approvals } = parts;
  const { call, state } = asked;
  const { tenant } = call.request.principal;
  const known = state?.kind === "approval" ? await approvals.read(tenant, state.id) : null;
  return known ?? approvals.ask(toAsking(asked));
}

interface Answered {
  readonly call: Call;
  readonly standing: Standing;
  readonly action: "accept" | "decline" | null;
}

/** A no of the client withdraws its own request; a yes counts where the rule says `self`, only. */
async function takeAnswer(
  { approvals }: GateParts,
  { call, standing, action }: Answered,
): Promise<Standing | "withdrawn"> {
  if (action === null || standing.state !== "pending") return standing;
  const subject = toSubjectKey(call.request.principal);
  if (standing.waitsForSelf) {
    const word = action === "accept" ? "approved" : "denied";
    await approvals.answerSelf(standing, { word, subject });
    return (await approvals.read(standing.tenant, standing.id)) ?? standing;
  }
  if (action === "accept") return standing;
  await approvals.withdraw(standing);
  return "withdrawn";
}

async function conclude(parts: GateParts, asked: Asked, standing: Standing): Promise<Passed> {
  // Under rules that were replaced while it waited nothing is done: whoever comes back meets the new ones.
  const isOver = parts.waiters.closing.aborted && standing.state === "approved";
  const state = isOver ? "pending" : standing.state;
  switch (state) {
    case "approved":
      return agree(parts, asked, standing);
    case "pending": {
      const { reveal } = resolveToolset(parts.catalog(), asked.call.request);
      const { call, decision } = asked;
      const seal = (): string => parts.states.seal(call, { kind: "approval", id: standing.id });
      parts.telemetry.count("gate_calls", { outcome: "asks" });
      return { kind: "answered", answer: renderAsked({ call, decision, reveal, standing, seal }) };
    }
    default:
      return end(parts, asked, { standing, how: state });
  }
}

/** Policy is asked once more, with the yes; what comes out is the intent that was agreed to, or nothing. */
async function agree(parts: GateParts, asked: Asked, standing: Standing): Promise<Passed> {
  const { call, intent } = asked;
  const labels = await parts.labels.before(call);
  // A person's time is not the call's: it begins anew.
  const startedMs = parts.clock.monotonicMs();
  const fresh = { ...call, startedMs, notAfterMs: parts.clock.nowMs() + call.withinMs };
  const { salt, expiresAtMs, id } = standing;
  const made = { digest: standing.intent, salt, notAfterMs: expiresAtMs };
  const wanted = parts.decide(fresh, labels);
  const isAsked = wanted.kind === "refused" && wanted.decision.kind === "ask";
  const isSame = stillHolds(parts.catalog(), toStanding(call));
  if (!isSame || (isAsked && !isCovered(call, wanted.decision, standing)))
    return change(parts, asked, standing);
  const verdict = parts.decide(fresh, labels, {
    id,
    isUsed: false,
    round: id,
    made,
    rules: intent.rules,
  });
  if (verdict.kind === "allowed") return { kind: "agreed", call: verdict.call };
  if (verdict.kind !== "changed") return { kind: "answered", answer: await refuse(parts, verdict) };
  return change(parts, asked, standing);
}

async function change(parts: GateParts, asked: Asked, standing: Standing): Promise<Passed> {
  await parts.approvals.withdraw(standing);
  return end(parts, asked, { standing, how: "changed" });
}

/**
 * Whether those who were asked are all who have to agree by now: what the caller has read since, its
 * roles or what its tool may do can ask for others, or for a passkey.
 */
export function isCovered(
  call: Call,
  decision: Asked["decision"],
  { approvers }: Pick<Standing, "approvers">,
): boolean {
  return toApprovers(call, decision).every(({ who, quorum, passkey }) =>
    approvers.some((one) => one.who === who && one.quorum >= quorum && (one.passkey || !passkey)),
  );
}

export interface Ended {
  readonly standing: Pick<Standing, "id" | "reason">;
  readonly how: ApprovalEnd;
}

/** Nothing was done, and that is recorded. */
export async function end(
  parts: GateParts,
  asked: Asked,
  { standing, how }: Ended,
): Promise<Extract<Passed, { kind: "answered" }>> {
  const { call, decision, intent } = asked;
  const outcome = how === "expired" ? "expired" : "denied";
  await recordUnsent(parts, { call, intent, outcome, reason: `approval:${how}` });
  const { reveal } = resolveToolset(parts.catalog(), call.request);
  const rule = decision.reasons[0]?.rule ?? null;
  return { kind: "answered", answer: renderApproval(call, { standing, how, rule, reveal }) };
}

function toAsking({ call, decision, labels }: Asked): Asking {
  const { request, server, tool, method, effect, outward, canonical, forwarded, own } = call;
  const { policy, reasons } = decision;
  const intent = { ...toStanding(call), forwarded: toBound(forwarded), policy };
  return {
    intent,
    args: canonical,
    claim: own.claim,
    ...(request.run?.basis === undefined ? {} : { facts: request.run.basis.shown }),
    subject: toSubjectKey(request.principal),
    request: {
      v: 1,
      server: server.name,
      tool: tool?.name ?? null,
      method,
      toolset: request.toolset,
      effect,
      outward,
      labels,
      rules: reasons.map(({ rule, text }) => ({ rule, text })),
      approvers: toApprovers(call, decision),
      policy,
      definition: intent.definition,
    },
  };
}

type Approver = Asked["decision"]["approvers"][number];

function toApprovers({ effect }: Call, { approvers }: Asked["decision"]): readonly Approver[] {
  return effect === "destructive" ? approvers.map(withPasskey) : approvers;
}

/** What cannot be undone is signed by whoever agrees to it; only the caller itself has nothing to sign with. */
function withPasskey(approver: Approver): Approver {
  return approver.who === "self" ? approver : { ...approver, passkey: true };
}
