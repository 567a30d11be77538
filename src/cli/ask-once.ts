import { Fault } from "../model/fault.ts";
import type { CliParts } from "./context.ts";
import type { Voice } from "./voice.ts";

/** Whether a person is there to be asked. Without one nothing is taken for granted. */
export function canAskOnce({ streams }: CliParts, voice: Voice): boolean {
  return streams.isInteractive && !voice.json;
}

/** One question with two answers, the careful one first; a person who goes away has said no. */
export async function askOnce(message: string): Promise<boolean> {
  const { confirm, isCancel } = await import("@clack/prompts");
  const answer = await confirm({ message, initialValue: false });
  return !isCancel(answer) && answer;
}

/** A number of a flag, within its bounds. */
export function parseSeconds(text: string, most: number): number {
  const seconds = Number(text);
  if (text.trim() !== "" && seconds >= 0 && seconds <= most) return seconds;
  throw new Fault("usage_invalid", `${text} is not a number of seconds from 0 to ${most}.`);
}
