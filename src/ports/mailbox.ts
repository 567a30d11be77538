import type { Json } from "../lib/strict-json.ts";
import type { GateAnswer } from "./gate.ts";

/**
 * How an answer reaches a parked call that another replica holds, and how that call's next word comes
 * back. A letter that nobody takes ends as `parked_lost`: its owner is gone, and the call with it.
 */
export interface Mailbox {
  send(letter: Letter, signal: AbortSignal): Promise<GateAnswer>;
  /** From now on letters to this owner are answered here. A thrown Fault is the answer, too. */
  open(
    owner: string,
    answer: (letter: Letter, signal: AbortSignal) => Promise<GateAnswer>,
  ): Promise<() => Promise<void>>;
}

export interface Letter {
  readonly owner: string;
  readonly parked: string;
  readonly responses: Readonly<Record<string, Json>>;
}
