import { canAsk } from "../mcp/asks.ts";
import type { Json } from "../lib/strict-json.ts";
import { rpcCodes } from "../mcp/rpc-error.ts";
import type { Decision } from "../model/index.ts";
import type { ClientCapabilities } from "../model/protocol.ts";
import type { Standing } from "../ports/approvals.ts";
import type { CatalogToolset } from "../ports/catalog.ts";
import type { GateAnswer } from "../ports/gate.ts";
import type { Call } from "./call.ts";
import { canTakeUrl } from "./consent.ts";
import { deniedCode, renderOutcome } from "./render.ts";

/** Names our question among those of servers. */
const askKey = "approval";

export interface AskedRender {
  readonly call: Call;
  readonly decision: Extract<Decision, { kind: "ask" }>;
  readonly reveal: CatalogToolset["reveal"];
  readonly standing: Standing;
  /** What brings the client back to this approval. */
  readonly seal: () => string;
}

/** A question where the client takes one, the error that stands for one, or words for the model. */
export function renderAsked({ call, decision, reveal, standing, seal }: AskedRender): GateAnswer {
  const { client } = call.request;
  const [reason] = decision.reasons;
  const isHidden = reveal === "hide";
  const by =
    isHidden || reason === undefined
      ? ""
      : `, by rule ${reason.rule}: ${reason.text.replace(/\.$/, "")}`;
  const message = `A person has to approve this call${by}`;
  const { id, url, expiresAtMs, intent } = standing;
  if (
    client.era === "modern" &&
    canAsk(client.capabilities, toQuestion(client.capabilities, standing, ""))
  ) {
    const inputRequests = { [askKey]: toQuestion(client.capabilities, standing, message) };
    const result = { resultType: "input_required", inputRequests, requestState: seal() };
    return { kind: "result", text: JSON.stringify(result), isError: false, outcome: "asks" };
  }
  if (client.era === "legacy" && canTakeUrl(client)) {
    const data = { elicitations: [{ mode: "url", elicitationId: id, url, message }] };
    return { kind: "error", error: { code: rpcCodes.urlElicitationRequired, message, data } };
  }
  const expiresAt = new Date(expiresAtMs).toISOString();
  const rule = isHidden ? null : (reason?.rule ?? null);
  const asked = { approval: id, digest: intent, url, expiresAt };
  return renderOutcome(call, {
    message: `Not done yet. ${message}. The page is ${url} - call again with the same arguments once it is approved.`,
    outcome: { outcome: "asks", rule, remedy: "request_approval", ...asked },
    code: deniedCode,
  });
}

/** To the page where the approval is decided; only for the caller's own yes it is a form. */
export function toQuestion(
  { elicitation }: ClientCapabilities,
  { url, id, waitsForSelf }: Standing,
  message: string,
) {
  const method = "elicitation/create";
  if (!waitsForSelf && elicitation?.url !== undefined)
    return { method, params: { mode: "url", message, url, elicitationId: id } };
  const where = waitsForSelf ? "Accept to approve it." : `Decide at ${url} - then accept here.`;
  const requestedSchema = { type: "object", properties: {} };
  return { method, params: { mode: "form", message: `${message} ${where}`, requestedSchema } };
}

/** What the client answered to our question; null: nothing. */
export function readAction(
  responses: Readonly<Record<string, Json>> | null,
): "accept" | "decline" | null {
  const answer = responses?.[askKey];
  if (typeof answer !== "object" || answer === null || !("action" in answer)) return null;
  return answer.action === "accept" ? "accept" : "decline";
}

/** How it ended without anything being done. */
export type ApprovalEnd =
  | "denied"
  | "expired"
  | "consumed"
  | "voided"
  | "withdrawn"
  | "changed"
  | "missing"
  | "mismatch"
  | "pending";

const words: Readonly<Record<ApprovalEnd, string>> = {
  denied: "a person said no",
  expired: "nobody decided in time. You may ask again",
  consumed: "the approval was used for this call before. A further call needs one of its own",
  voided: "what was asked for was stopped or changed meanwhile. You may ask again",
  withdrawn: "it was withdrawn by the side that asked for it",
  changed: "it is not what was approved. You may ask again",
  missing: "there is no such approval. You may ask again",
  mismatch: "it is not what was approved. You may ask again",
  pending: "nobody has decided yet",
};

export interface EndedRender {
  readonly standing: Pick<Standing, "id" | "reason">;
  readonly how: ApprovalEnd;
  readonly rule: string | null;
  readonly reveal: CatalogToolset["reveal"];
}

export function renderApproval(
  call: Call,
  { standing, how, rule, reveal }: EndedRender,
): GateAnswer {
  const said = how === "denied" && standing.reason !== null ? `: ${standing.reason}` : "";
  return renderOutcome(call, {
    message: `Not done: ${words[how]}${said}.`,
    outcome: {
      outcome: how,
      rule: reveal === "hide" ? null : rule,
      remedy: how === "denied" ? null : "ask_again",
      approval: standing.id,
    },
    code: deniedCode,
  });
}
