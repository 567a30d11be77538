import type { Shown, ShownApprover } from "./shown.ts";

/** What the page says about an approval, as plain words. Whatever is quoted is made inert when it is shown. */

/** The one sentence; what is quoted from the request stands in parts of its own. */
export function toSentence(
  shown: Shown,
): readonly { readonly text: string; readonly quoted: boolean }[] {
  const { requester, server, tool, target, method } = shown;
  const quote = (text: string) => ({ text, quoted: true });
  const say = (text: string) => ({ text, quoted: false });
  const who = [quote(requester.agent ?? requester.subject)];
  if (requester.agent !== null) who.push(say(" for "), quote(requester.subject));
  const where = [say(" of "), quote(server), say(".")];
  if (tool !== null) return [...who, say(" wants to call "), quote(tool), ...where];
  if (method === "resources/read") return [...who, say(" wants to read "), quote(target), ...where];
  if (method === "prompts/get") return [...who, say(" wants the prompt "), quote(target), ...where];
  return [...who, say(" wants "), quote(method), say(" with "), quote(target), ...where];
}

const effects = {
  read: "It reads, and changes nothing.",
  write: "It changes something.",
  destructive: "It may destroy or overwrite something.",
} as const;

export function toEffect({ effect, outward }: Pick<Shown, "effect" | "outward">): string {
  return outward ? `${effects[effect]} What goes into it may leave the house.` : effects[effect];
}

/** `4 min 05 s`; null once it has run out. */
export function toCountdown(expiresAt: string, nowMs: number): string | null {
  const seconds = Math.ceil((Date.parse(expiresAt) - nowMs) / 1_000);
  if (!(seconds > 0)) return null;
  const [minutes, hours] = [Math.floor(seconds / 60), Math.floor(seconds / 3_600)];
  const two = (count: number) => String(count).padStart(2, "0");
  if (hours >= 24) return `${Math.floor(hours / 24)} d ${hours % 24} h`;
  if (hours > 0) return `${hours} h ${two(minutes % 60)} min`;
  return minutes > 0 ? `${minutes} min ${two(seconds % 60)} s` : `${seconds} s`;
}

const ends = {
  pending: "",
  approved: "It was approved, and waits to be used.",
  denied: "It was denied.",
  expired: "It ran out before everybody needed had agreed, or before it was used.",
  consumed: "It was approved, and used.",
  voided: "It was withdrawn, or what it was asked under has changed.",
} as const;

export function toEnd({ state }: Pick<Shown, "state">): string {
  return ends[state];
}

/** Who still has to agree, and whether with a passkey. */
export function toApproverLine({ who, quorum, passkey, have }: ShownApprover): string {
  const whose = toWhose(who);
  const count = quorum === 1 ? whose : `${quorum} of: ${whose}`;
  const done = have >= quorum ? "has agreed" : `${have} of ${quorum} so far`;
  return `${count}${passkey ? ", with a passkey" : ""} — ${done}`;
}

function toWhose(who: string): string {
  if (who === "self") return "the requester, through its own client";
  if (who === "role:approver") return "any approver";
  if (who.startsWith("role:")) return `anybody with the role ${who.slice("role:".length)}`;
  return who.replace(/^user:/, "");
}

export function needsPasskey({ approvers }: Pick<Shown, "approvers">): boolean {
  return approvers.some(({ passkey, have, quorum }) => passkey && have < quorum);
}

export interface DeskState {
  readonly nowMs: number;
  readonly isBusy: boolean;
  /** Whether some of the arguments are still folded away. */
  readonly isFolded: boolean;
  readonly hasPasskeys: boolean;
}

/** Why the approval cannot be decided at all; null: it can. */
export function whyNot(shown: Shown, { nowMs, isBusy }: DeskState): string | null {
  if (isBusy) return "One moment …";
  if (shown.state !== "pending") return toEnd(shown);
  return toCountdown(shown.expiresAt, nowMs) === null ? "It has run out." : null;
}

/** Why it cannot be approved here and now; null: it can. */
export function whyNotApprove(shown: Shown, state: DeskState): string | null {
  const neither = whyNot(shown, state);
  if (neither !== null) return neither;
  if (shown.erased) return "What was asked has been erased: nobody can see what would be approved.";
  if (shown.args === null) return "Its arguments were too large to be kept: nobody can see them.";
  if (!shown.holds) {
    return "What it was asked under has changed since: approving it would have no effect. It has to be asked again.";
  }
  if (state.isFolded) return "Not all of the arguments are shown yet. Show all of them first.";
  if (needsPasskey(shown) && !state.hasPasskeys) {
    return "This takes a passkey, and this browser has none on this address.";
  }
  return null;
}

/** What an answer to a decision means to whoever pressed the button. */
export function toRefusalWords(status: number, code: string, message: string): string {
  const said = (words: string) => `${words} ${message}`.trim();
  if (status === 409) return said("Nothing was changed by this: it is shown as it stands now.");
  if (status === 410) return "It ran out before your decision arrived.";
  if (status === 412) return said("What is asked is not what was shown to you.");
  if (code === "passkey_required") return "This takes your passkey.";
  if (code === "passkey_refused") return said("Your passkey was not taken.");
  if (status === 401) return "The key was not accepted.";
  if (status === 403) return said("You may not decide this.");
  if (status === 429 || status === 503) {
    return "The server has too much to do just now. Try again in a moment.";
  }
  return said("It was not decided.");
}
