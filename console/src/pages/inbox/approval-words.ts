import type { Approval } from "../../../../src/client/client.ts";
import { listEvents } from "../../../../src/model/state-table.ts";
import { approvalStates, type ApprovalState } from "../../../../src/model/approval-states.ts";
import type { Tone } from "../../ui/badge.tsx";

/** What the inbox says about an approval, as plain words. Whatever is quoted is made inert when it is shown. */

export interface Phrase {
  readonly text: string;
  /** It comes from the request. */
  readonly quoted: boolean;
}

type Asked = Pick<Approval, "requester" | "server" | "tool" | "target" | "method">;

const quote = (text: string): Phrase => ({ text, quoted: true });
const say = (text: string): Phrase => ({ text, quoted: false });

/** The one sentence; what is quoted from the request stands in parts of its own. */
export function toSentence({ requester, server, tool, target, method }: Asked): readonly Phrase[] {
  const who = [quote(requester.agent ?? requester.subject)];
  if (requester.agent !== null) who.push(say(" for "), quote(requester.subject));
  const where = [say(" of "), quote(server), say(".")];
  if (tool !== null) return [...who, say(" wants to call "), quote(tool), ...where];
  if (method === "resources/read") return [...who, say(" wants to read "), quote(target), ...where];
  if (method === "prompts/get") return [...who, say(" wants the prompt "), quote(target), ...where];
  return [...who, say(" wants "), quote(method), say(" with "), quote(target), ...where];
}

export const effectWords = {
  read: { tone: "neutral", words: "It reads, and changes nothing." },
  write: { tone: "info", words: "It changes something." },
  destructive: { tone: "danger", words: "It may destroy or overwrite something." },
} as const satisfies Record<Approval["effect"], { tone: Tone; words: string }>;

export function toEffect({ effect, outward }: Pick<Approval, "effect" | "outward">): string {
  const { words } = effectWords[effect];
  return outward ? `${words} What goes into it may leave the house.` : words;
}

/** `4 min 05 s`; null once it has run out, or where nobody can say when it does. */
export function toCountdown(expiresAt: string, nowMs: number): string | null {
  const seconds = Math.ceil((Date.parse(expiresAt) - nowMs) / 1_000);
  if (!(seconds > 0)) return null;
  const [minutes, hours] = [Math.floor(seconds / 60), Math.floor(seconds / 3_600)];
  const two = (count: number) => String(count).padStart(2, "0");
  if (hours >= 24) return `${Math.floor(hours / 24)} d ${hours % 24} h`;
  if (hours > 0) return `${hours} h ${two(minutes % 60)} min`;
  return minutes > 0 ? `${minutes} min ${two(seconds % 60)} s` : `${seconds} s`;
}

export const stateWords = {
  pending: { tone: "warn", words: "" },
  approved: { tone: "ok", words: "It was approved, and waits to be used." },
  denied: { tone: "danger", words: "It was denied." },
  expired: {
    tone: "neutral",
    words: "It ran out before everybody needed had agreed, or before it was used.",
  },
  consumed: { tone: "ok", words: "It was approved, and used." },
  voided: {
    tone: "neutral",
    words: "It was withdrawn, or what it was asked under has changed.",
  },
} as const satisfies Record<ApprovalState, { tone: Tone; words: string }>;

type Approver = Approval["approvers"][number];

/** Who has to agree, and whether with a passkey. */
export function toApproverLine({ who, quorum, passkey }: Approver): string {
  const whose = toWhose(who);
  const count = quorum === 1 ? whose : `${quorum} of: ${whose}`;
  return `${count}${passkey ? ", with a passkey" : ""}`;
}

function toWhose(who: string): string {
  if (who === "self") return "the requester, through its own client";
  if (who === "role:approver") return "any approver";
  if (who.startsWith("role:")) return `anybody with the role ${who.slice("role:".length)}`;
  return toName(who);
}

/** Without the kind that stands before the subject of a token: by a key and by a token it is one person. */
export function toName(subject: string): string {
  return subject.replace(/^(?:user|service):/, "");
}

export function needsPasskey({ approvers }: Pick<Approval, "approvers">): boolean {
  return approvers.some(({ passkey, have, quorum }) => passkey && have < quorum);
}

/** Who is at the page, and what the page can do. */
export interface Reader {
  readonly name: string;
  /** Why this key decides nothing; null: it may. */
  readonly roleReason: string | null;
  readonly hasPasskeys: boolean;
  /** Of this person's on the server; null: not known. */
  readonly enrolled: number | null;
}

export interface DeskState {
  readonly nowMs: number;
  readonly isBusy: boolean;
  /** Whether some of the arguments are still folded away. */
  readonly isFolded: boolean;
}

/** Why the approval cannot be decided by this reader at all; null: it can. */
export function whyNotDeny(shown: Approval, reader: Reader, state: DeskState): string | null {
  if (state.isBusy) return "One moment …";
  if (!listEvents(approvalStates, shown.state).includes("denied"))
    return stateWords[shown.state].words;
  if (toCountdown(shown.expiresAt, state.nowMs) === null)
    return "It has run out: nobody said no. Whoever asked may ask again.";
  if (reader.roleReason !== null) return reader.roleReason;
  if (toName(reader.name) === toName(shown.requester.subject))
    return "This is your own request: somebody else decides it.";
  if (shown.verdicts.some(({ approver }) => approver !== null && isReader(approver, reader)))
    return "You have agreed already; others have to agree, too.";
  return whyNotOne(shown, reader);
}

/** Whom only the server knows, by roles of its own, is let through to it. */
function whyNotOne({ approvers }: Approval, reader: Reader): string | null {
  const maybe = approvers.some(
    ({ who }) => who.startsWith("role:") || (who !== "self" && isReader(who, reader)),
  );
  if (maybe) return null;
  return `This is decided by ${approvers.map(({ who }) => toWhose(who)).join(" and ")}.`;
}

function isReader(subject: string, { name }: Reader): boolean {
  return toName(subject) === toName(name);
}

export const noPasskey = "This takes a passkey, and you have none on this server yet.";

/** Why it cannot be approved here and now; null: it can. */
export function whyNotApprove(shown: Approval, reader: Reader, state: DeskState): string | null {
  const neither = whyNotDeny(shown, reader, state);
  if (neither !== null) return neither;
  if (shown.erased) return "What was asked has been erased: nobody can see what would be approved.";
  if (shown.args === null) return "Its arguments were too large to be kept: nobody can see them.";
  if (!shown.holds)
    return "What it was asked under has changed since: approving it would have no effect. It has to be asked again.";
  if (state.isFolded) return "Not all of the arguments are shown yet. Show all of them first.";
  if (!needsPasskey(shown)) return null;
  if (!reader.hasPasskeys)
    return "This takes a passkey, and this browser has none on this address.";
  return reader.enrolled === 0 ? noPasskey : null;
}

/** What a label says of what the requester has read. */
export const labelWords: Readonly<Record<string, string>> = {
  untrusted: "It has read text that anybody could have written: that text may speak through it.",
  confidential: "It has read something confidential: that may be in what it sends.",
  trusted: "What it has read is trusted.",
};
