import type { Approval, Client } from "../../../../src/client/client.ts";
import { Fault } from "../../../../src/model/fault.ts";
import { needsPasskey } from "./approval-words.ts";
import { toDone, toRace, toRefused, toUnsigned, type Outcome, type Word } from "./outcome-words.ts";
import { signDigest, type Signed, type Unsigned } from "./sign-digest.ts";

export interface Decision {
  /** As it was on the screen when the button was pressed. */
  readonly shown: Approval;
  readonly word: Word;
  readonly reason: string;
}

/** Sends one word on what was on the screen, by its digest. Every end of it is a sentence. */
export async function sendDecision(client: Client, decision: Decision): Promise<Outcome> {
  const { shown, word } = decision;
  try {
    const signs = word === "approved" && needsPasskey(shown);
    const first = signs ? await signDigest(client, shown) : null;
    return await sendSigned(client, decision, first);
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== "approval_decided") return toRefused(error);
    // Whoever lost a race is told who won it; where even that cannot be read, that there was one.
    const now = await client.getApproval({ id: shown.id }).catch(() => null);
    return now === null
      ? { tone: "warn", words: `Nothing was changed by this. ${error.message}` }
      : toRace(now.body, error.message);
  }
}

async function sendSigned(
  client: Client,
  decision: Decision,
  signed: Signed | Unsigned | null,
): Promise<Outcome> {
  if (signed?.kind === "unsigned") return toUnsigned(signed);
  const { shown, word, reason } = decision;
  const body = {
    digest: shown.digest,
    word,
    ...(reason.trim() === "" ? {} : { reason: reason.trim() }),
    ...(signed === null ? {} : { assertion: signed.assertion }),
  };
  try {
    const { body: decided } = await client.decideApproval({
      id: shown.id,
      body: JSON.stringify(body),
    });
    return toDone(word, decided.state);
  } catch (error) {
    const asks = error instanceof Fault && error.code === "passkey_required" && signed === null;
    if (!asks) throw error;
    return await sendSigned(client, decision, await signDigest(client, shown));
  }
}
