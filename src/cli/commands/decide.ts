import type { Approval, Client } from "../../client/client.ts";
import { Fault } from "../../model/fault.ts";
import { askOnce, canAskOnce } from "../ask-once.ts";
import type { Run } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { renderApproval, toDecision } from "../render-approval.ts";

export interface DecideFlags {
  readonly json: boolean;
  readonly url?: string;
  readonly digest?: string;
  readonly reason?: string;
}

export const approve: Run<DecideFlags, [string]> = (tools, flags, id) =>
  decide(tools, flags, { id, word: "approved" });

export const deny: Run<DecideFlags, [string]> = (tools, flags, id) =>
  decide(tools, flags, { id, word: "denied" });

interface Word {
  readonly id: string;
  readonly word: "approved" | "denied";
}

/**
 * A decision is about the digest that somebody looked at. At a terminal it is shown whole and asked for
 * once; a script has to name it.
 */
async function decide(
  { parts, voice }: Parameters<typeof approve>[0],
  { url, digest, reason }: DecideFlags,
  { id, word }: Word,
): Promise<number> {
  const verb = word === "approved" ? "approve" : "deny";
  if (digest === undefined && !canAskOnce(parts, voice)) {
    const line = toDecision(verb, { id, digest: "DIGEST" });
    throw new Fault(
      "usage_invalid",
      `Without a terminal it has to be said what was looked at: ${line}. \`countersign approvals --json\` shows digests.`,
    );
  }
  const { client } = await parts.connect(url, "approver");
  const looked = digest ?? (await show());
  if (looked === null) {
    voice.note("Nothing was decided.");
    return exitCodes.interrupted;
  }
  const because = reason === undefined ? {} : { reason };
  const body = JSON.stringify({ digest: looked, word, ...because });
  try {
    const decided = (await client.decideApproval({ id, body })).body;
    voice.answer(decided, toText(decided.state, id));
    return exitCodes.ok;
  } catch (fault) {
    throw await toPlace(fault, { client, id });
  }

  /** The digest of what a person has seen and wants; null: they do not. */
  async function show(): Promise<string | null> {
    const { body: approval } = await client.getApproval({ id });
    requireOpen(approval);
    voice.note(renderApproval(approval, voice.paint));
    const question = word === "approved" ? "Approve exactly this?" : "Deny this?";
    return (await askOnce(question)) ? approval.digest : null;
  }
}

/** Nobody is asked about what is over. */
function requireOpen({ id, state }: Approval): void {
  if (state === "pending") return;
  if (state === "expired") throw new Fault("approval_expired", `Approval ${id} ran out.`);
  throw new Fault("approval_decided", `Approval ${id} is ${state} already.`);
}

function toText(state: Approval["state"], id: string): string {
  return state === "pending"
    ? `Your word on ${id} is recorded; others have to agree, too.`
    : `Approval ${id} is ${state}.`;
}

/** A passkey signs in a browser: whoever needs one is told where. */
async function toPlace(
  fault: unknown,
  { client, id }: { readonly client: Client; readonly id: string },
): Promise<unknown> {
  if (!(fault instanceof Fault) || fault.code !== "passkey_required") return fault;
  const { url } = (await client.getApproval({ id })).body;
  const { message, details } = fault;
  return new Fault("passkey_required", `${message} Sign at ${url}`, {
    details: { ...details, url },
    cause: fault,
  });
}
