import { canAsk } from "../mcp/asks.ts";
import { toSubjectKey } from "../model/index.ts";
import type { Standing } from "../ports/approvals.ts";
import type { GateClient } from "../ports/gate.ts";
import type { AskAnswer } from "../ports/upstream.ts";
import type { Asked } from "./asked.ts";
import type { GateParts } from "./gate-parts.ts";
import { toQuestion } from "./render-approval.ts";
import { resolveToolset } from "./resolve.ts";
import { untilDecided } from "./until-decided.ts";

/** A legacy client is asked in the middle of its call, and the call waits. */
export function canAskInPlace({ era, ask, capabilities }: GateClient, standing: Standing): boolean {
  if (era !== "legacy" || ask === null) return false;
  return canAsk(capabilities, toQuestion(capabilities, standing, ""));
}

/**
 * The question brings the person to the page; whoever decides there ends it, whatever the client
 * answers. Its no withdraws what it asked for, and its yes means no more than that it has seen it.
 */
export async function askInPlace(
  parts: GateParts,
  { call, decision }: Asked,
  standing: Standing,
): Promise<Standing | "withdrawn"> {
  const { client, cancel } = call.request;
  const { reveal } = resolveToolset(parts.catalog(), call.request);
  const text = reveal === "hide" ? "" : (decision.reasons[0]?.text ?? "");
  const { method, params } = toQuestion(client.capabilities, standing, describe(call, text));
  const over = new AbortController();
  const onAbort = (): void => over.abort(cancel.signal.reason);
  cancel.signal.addEventListener("abort", onAbort, { once: true });
  const answering = client.ask!(method, params, over.signal)
    .then(toAction, (): "gone" => "gone")
    .then((action) => {
      // A client that cannot be asked after all is waited for, as far as its request goes.
      if (action !== "gone") over.abort();
      return action;
    });
  try {
    const waitMs = parts.limits.parkMs;
    const asked = await untilDecided(parts, call, { standing, waitMs, signal: over.signal });
    if (asked.state !== "pending" || !over.signal.aborted) return asked;
    return await follow(parts, { call, standing: asked }, await answering);
  } finally {
    over.abort();
    cancel.signal.removeEventListener("abort", onAbort);
  }
}

interface Followed {
  readonly call: Asked["call"];
  readonly standing: Standing;
}

async function follow(
  parts: GateParts,
  { call, standing }: Followed,
  action: "accept" | "decline" | "gone",
): Promise<Standing | "withdrawn"> {
  const { approvals, limits } = parts;
  if (standing.waitsForSelf && action !== "gone") {
    const word = action === "accept" ? "approved" : "denied";
    const subject = toSubjectKey(call.request.principal);
    await approvals.answerSelf(standing, { word, subject });
    const now = (await approvals.read(standing.tenant, standing.id)) ?? standing;
    return untilDecided(parts, call, { standing: now, waitMs: limits.parkMs });
  }
  if (action === "decline") {
    await approvals.withdraw(standing);
    return "withdrawn";
  }
  return untilDecided(parts, call, { standing, waitMs: limits.parkMs });
}

function describe({ server, target, tool }: Asked["call"], text: string): string {
  const what = tool === null ? target : `${tool.name} of ${server.name}`;
  return `${what} waits for a person's approval. ${text}`.trim();
}

function toAction(answer: AskAnswer): "accept" | "decline" | "gone" {
  if (answer.kind === "error") return "gone";
  const { result } = answer;
  const action =
    typeof result === "object" && result !== null && "action" in result ? result.action : null;
  return action === "accept" ? "accept" : "decline";
}
