import { canAsk } from "../mcp/asks.ts";
import type { Json } from "../lib/strict-json.ts";
import { rpcCodes } from "../mcp/rpc-error.ts";
import type { GateAnswer, GateClient } from "../ports/gate.ts";
import type { Call } from "./call.ts";
import { deniedCode, renderOutcome } from "./render.ts";

/** Names our question among those of servers. */
const askKey = "consent";

/** A call that was not sent: the caller has to agree to the credential first, at a page of ours. */
export interface Consent {
  readonly kind: "consent";
  readonly url: string;
  /** What brings the client back to this call; null for one that cannot be asked. */
  readonly state: string | null;
}

export function canTakeUrl({ capabilities }: GateClient): boolean {
  return canAsk(capabilities, { method: "elicitation/create", params: { mode: "url" } });
}

/** By what the client takes: a question, the error that stands for one, or words for the model. */
export function renderConsent(call: Call, { url, state }: Consent): GateAnswer {
  const { client } = call.request;
  const message = `${call.server.name} needs you to agree first, in a browser. Then call again.`;
  if (canTakeUrl(client) && client.era === "legacy") {
    const elicitationId = new URL(url).searchParams.get("consent") ?? askKey;
    const data = { elicitations: [{ mode: "url", elicitationId, url, message }] };
    return { kind: "error", error: { code: rpcCodes.urlElicitationRequired, message, data } };
  }
  if (state !== null) {
    const ask = { method: "elicitation/create", params: { mode: "url", message, url } };
    const result = {
      resultType: "input_required",
      inputRequests: { [askKey]: ask },
      requestState: state,
    };
    return { kind: "result", text: JSON.stringify(result), isError: false };
  }
  return renderOutcome(call, {
    message: `Not done: ${message} The page is ${url}`,
    outcome: { outcome: "consent", url },
    code: deniedCode,
  });
}

/** The person does not want to. */
export function renderDeclined(call: Call): GateAnswer {
  const message = `Not done: you did not agree to what ${call.server.name} needs.`;
  const outcome = { outcome: "consent", url: null } as const;
  return renderOutcome(call, { message, outcome, code: deniedCode });
}

/** Whether the client's answer to our question is a no. */
export function isDeclined(responses: Readonly<Record<string, Json>> | null): boolean {
  const answer = responses?.[askKey];
  const action =
    typeof answer === "object" && answer !== null && "action" in answer ? answer.action : null;
  return action === "decline" || action === "cancel";
}
