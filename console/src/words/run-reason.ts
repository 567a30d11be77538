import { faults, type FaultCode } from "../../../src/model/faults.ts";

/** What to do about a run that does not go on, by the code of its reason. */
const remedies: Readonly<Record<string, string>> = {
  budget: "Resume it with a higher cap, if what it does is worth that. Cost shows where it went.",
  deadline: "Resume it with a later deadline. The timeline shows what took the time.",
  steps: "Resume it with more steps, if the conversation still gets anywhere.",
  frozen: "Something that it needs is frozen. Lift that freeze, then resume it.",
  loop: "It asked for the same again and again. Read the conversation before you resume it.",
  partial:
    "Resume it for what is open, or compensate to take back what is done. What nobody knows of, look up at its server.",
  parked: "Report the bug with the reason below. Resume it once that is mended.",
  model_length: "The model's answer was cut: raise the agent's maxTokens, and start it again.",
  model_refused: "The model refused. The conversation shows what it was asked.",
  model_other: "The model ended for a reason that nobody knows. Start it again.",
};

/** Never empty: a code that this page does not know is a fault's, or sends to the log. */
export function toRemedy(code: string): string {
  const known = Object.hasOwn(remedies, code) ? remedies[code] : undefined;
  if (known !== undefined) return known;
  if (Object.hasOwn(faults, code)) return faults[code as FaultCode].hint;
  return "Its last events say what happened.";
}
