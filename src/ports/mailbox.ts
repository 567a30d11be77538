import type { Json } from "../lib/strict-json.ts";
import type { GateAnswer } from "./gate.ts";
import type { AskAnswer } from "./upstream.ts";

/**
 * How a client's answer reaches the call that another replica holds, and how that call's next word
 * comes back. A letter that nobody takes ends as `parked_lost`: its owner is gone, and the call with it.
 */
export interface Mailbox {
  send(letter: Letter, signal: AbortSignal): Promise<GateAnswer>;
  /** From now on letters to this owner are answered here. A thrown Fault is the answer, too. */
  open(
    owner: string,
    answer: (letter: Letter, signal: AbortSignal) => Promise<GateAnswer>,
  ): Promise<() => Promise<void>>;
}

export type Letter = ParkedLetter | HeardLetter;

/** Answers for a call that is parked at its owner. */
export interface ParkedLetter {
  readonly kind: "parked";
  readonly owner: string;
  readonly parked: string;
  readonly responses: Readonly<Record<string, Json>>;
  /** How long whoever brings them waits for what comes of it. */
  readonly withinMs: number;
}

/** The answer of a session's client to what the owner asked it. */
export interface HeardLetter {
  readonly kind: "heard";
  readonly owner: string;
  /** Id of the session. */
  readonly session: string;
  /** Id of the question. */
  readonly asked: string;
  readonly answer: AskAnswer;
}
