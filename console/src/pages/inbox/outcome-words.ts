import type { Approval } from "../../../../src/client/client.ts";
import { Fault } from "../../../../src/model/fault.ts";
import { stateWords } from "./approval-words.ts";
import type { Unsigned } from "./sign-digest.ts";

export type Word = "approved" | "denied";

/** What came of a decision, in a sentence for whoever pressed the button. */
export interface Outcome {
  readonly tone: "ok" | "warn" | "danger";
  readonly words: string;
  /** Where it can be put right. */
  readonly passkeys?: boolean;
}

const warn = (words: string): Outcome => ({ tone: "warn", words });

export function toDone(word: Word, state: Approval["state"]): Outcome {
  if (word === "denied") return { tone: "ok", words: "Denied. Whoever asked is told." };
  if (state === "pending")
    return { tone: "ok", words: "Your yes is kept. Others have to agree, too." };
  return { tone: "ok", words: "Approved. It is good for this one call, once." };
}

/** Somebody or something was first: who, and what. Nothing was changed by the decision that came late. */
export function toRace({ state, verdicts }: Approval, said: string): Outcome {
  if (state === "pending") return warn(said);
  const last = verdicts.at(-1);
  if (last === undefined || (state !== "denied" && state !== "approved" && state !== "consumed"))
    return warn(`Your decision came too late and changed nothing. ${stateWords[state].words}`);
  const who = last.approver ?? "Somebody who was erased since";
  const why = last.reason === null ? "" : ` and said: “${last.reason}”`;
  const used = state === "consumed" ? " The call was made." : "";
  return warn(
    `${who} was first: ${who} ${last.word} it${why}. Your decision changed nothing.${used}`,
  );
}

export function toUnsigned({ why, place }: Unsigned): Outcome {
  switch (why) {
    case "changed":
      return { ...warn(changed), tone: "danger" };
    case "elsewhere":
      return warn(`Your passkey is for another address: open ${place}.`);
    case "none":
      return warn("This takes a passkey, and this browser has none on this address.");
    case "unused":
      return { ...warn("The passkey was not used: nothing was decided."), passkeys: true };
  }
}

const changed =
  "What is asked is not what was shown to you: nothing was decided. It is shown anew, and what you wrote is kept.";

/** A refusal of the server's, but for a race that somebody else has won. */
export function toRefused(error: unknown): Outcome {
  if (!(error instanceof Fault)) {
    const said = error instanceof Error ? error.message : String(error);
    return { tone: "danger", words: `It was not decided: ${said}` };
  }
  const said = error.message;
  switch (error.code) {
    case "approval_expired":
      return warn(
        "It ran out before your decision arrived. Nobody said no: whoever asked may ask again.",
      );
    case "approval_changed":
      return warn(`${changed} ${said}`);
    case "passkey_required":
      return { tone: "warn", words: "This takes your passkey.", passkeys: true };
    case "passkey_refused":
      return { tone: "warn", words: `Your passkey was not taken. ${said}`, passkeys: true };
    case "unauthenticated":
      return { tone: "danger", words: "Your key was not accepted: nothing was decided." };
    case "forbidden":
      return warn(`You may not decide this. ${said}`);
    case "unreachable":
      return warn(
        "No answer came: it is not known whether your decision arrived. Once the server answers, it is shown here as it stands.",
      );
    default:
      return error.retryable
        ? warn(`It was not decided: ${said} Try again in a moment.`)
        : { tone: "danger", words: `It was not decided. ${said}` };
  }
}
