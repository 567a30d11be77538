import { Fault } from "../model/index.ts";
import type { Letter, Mailbox } from "./mailbox.ts";

/** Replicas of one process: tests, and a server that is alone. */
export function createInMemoryMailbox(): Mailbox {
  const open = new Map<string, Parameters<Mailbox["open"]>[1]>();
  return {
    async send(letter: Letter, signal) {
      const answer = open.get(letter.owner);
      if (answer === undefined)
        throw new Fault("parked_lost", "The replica that held the call is gone.");
      return answer(letter, signal);
    },
    async open(owner, answer) {
      open.set(owner, answer);
      return async () => void open.delete(owner);
    },
  };
}
