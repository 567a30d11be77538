import type { Approval } from "../../../src/client/client.ts";
import {
  approvalStates,
  type ApprovalMove,
  type ApprovalState,
} from "../../../src/model/approval-states.ts";
import { transition } from "../../../src/model/state-table.ts";
import { mockApprovals } from "./approvals-asked.ts";
import type { MockAnswer, MockAsked, MockRoute } from "./mock-route.ts";
import { refuse } from "./refuse.ts";

const approvals = new Map(mockApprovals.map((each) => [each.id, each]));
/** Counts what happened, as the server does. */
let news = 1;

function list({ query }: MockAsked): MockAnswer {
  const state = query["state"];
  const found = [...approvals.values()].filter((each) => !state || each.state === state);
  const shown = found.map((each) => ({ ...each, lastApproved: null }));
  return { body: { approvals: shown, seen: `mock-${news}` } };
}

function decide({ params, body }: MockAsked): MockAnswer {
  const approval = approvals.get(params["id"]!);
  if (approval === undefined) return refuse("not_found", `There is no approval ${params["id"]}.`);
  const { word, digest, reason = null } = body as Decided;
  if (digest !== approval.digest) return refuse("approval_changed", "This is another digest.");
  const signs = approval.approvers.some(({ passkey }) => passkey);
  if (signs && word === "approved")
    return refuse("passkey_required", "Agreeing to this takes your passkey.");
  const approvers = approval.approvers.map((each) =>
    word === "approved" ? { ...each, have: Math.min(each.quorum, each.have + 1) } : each,
  );
  const isAgreed = approvers.every(({ have, quorum }) => have >= quorum);
  const move = transition<ApprovalState, ApprovalMove>(approvalStates, approval.state, word);
  if (move.kind === "refused")
    return refuse("approval_decided", `It is ${approval.state} already.`);
  const state = word === "approved" && !isAgreed ? approval.state : move.to;
  const verdict = { word, approver: "ada", reason, at: new Date().toISOString(), passkey: false };
  const verdicts = [...approval.verdicts, verdict];
  approvals.set(approval.id, { ...approval, approvers, verdicts, state });
  news += 1;
  return { body: { id: approval.id, state } };
}

interface Decided {
  readonly word: "approved" | "denied";
  readonly digest: string;
  readonly reason?: string;
}

function read({ params }: MockAsked): MockAnswer {
  const found: Approval | undefined = approvals.get(params["id"]!);
  return found === undefined
    ? refuse("not_found", `There is no approval ${params["id"]}.`)
    : { body: found };
}

export const approvalMocks: readonly MockRoute[] = [
  { method: "GET", path: "/v1/approvals", answer: list },
  { method: "GET", path: "/v1/approvals/{id}", answer: read },
  {
    method: "POST",
    path: "/v1/approvals/{id}/signing",
    answer: () => refuse("passkey_refused", "The mock has no passkeys."),
  },
  { method: "POST", path: "/v1/approvals/{id}/decision", answer: decide },
];
