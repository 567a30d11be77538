import type { FailureClass } from "../../../../src/model/failure-class.ts";

const words = {
  none: "Nothing failed here.",
  caller: "Whoever asked, or tells it something, is to look at this first.",
  policy: "A rule, a person or a freeze said no.",
  budget: "A bound on money, tokens, calls or steps was reached.",
  deadline: "Its time was over.",
  model: "The model or its backend did not answer as it should.",
  upstream: "A server or tool that it called did not do its part.",
  sandbox: "The isolation that is asked for was not there, or failed.",
  engine: "Countersign itself could not go on: its store, a worker, a limit.",
  bug: "A bug of Countersign. The server's log says more.",
} as const satisfies Record<FailureClass, string>;

/** Whom to look at first; null: the code is one that this version does not know. */
export function failureWords(failure: FailureClass | null): string {
  return failure === null
    ? "This version does not know the code, and does not guess whose failure it is."
    : words[failure];
}
