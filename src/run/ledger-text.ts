import { showHidden } from "../model/skill-text.ts";
import type { LedgerParts, LedgerCall, LedgerCount, LedgerFact } from "./content-kinds.ts";
import { toCallId } from "./to-request.ts";

/** For the model. A line each, whatever a name or an argument holds; what is open comes last, and whole. */
export function toLedgerText(ledger: LedgerParts): string {
  const { done, earlier, pending, unknown, facts } = ledger;
  return [
    ...toSection("Done before, by tool", earlier.map(toCountLine)),
    ...toSection(
      "Done",
      done.map((call) => toCallLine(call, mostOfDone)),
    ),
    ...toSection("Read, and what it may be by now", facts.map(toFactLine)),
    toObligations({ pending, unknown }),
  ].join("\n");
}

/** What the run still owes: the same bytes for as long as it is owed. */
export function toObligations({
  pending,
  unknown,
}: Pick<LedgerParts, "pending" | "unknown">): string {
  const toLines = (calls: readonly LedgerCall[]) =>
    calls.map((call) => toCallLine(call, Number.POSITIVE_INFINITY));
  return [
    ...(pending.length === 0 ? ["Open: nothing."] : toSection("Open", toLines(pending))),
    ...(unknown.length === 0
      ? ["Of no call it is unknown whether it was carried out."]
      : toSection("Nobody knows whether these were carried out", toLines(unknown))),
  ].join("\n");
}

/** Characters of the arguments of a call that is over. */
const mostOfDone = 200;

export function toCallLine(call: LedgerCall, most = mostOfDone): string {
  const { tool, args, argsDigest, isCut, state, on, compensation } = call;
  const isShort = args.length <= most && !isCut;
  const shown = isShort ? args : `${args.slice(0, most).toWellFormed()}… (cut, ${argsDigest})`;
  const words = `${stateWords[state] ?? state}${on === null ? "" : ` ${toName(on)}`}`;
  const back = compensation === null ? "" : `; ${toName(compensation)} would take it back`;
  return `- ${toCallId(call)} ${toName(tool)} ${showHidden(shown)}: ${words}${back}`;
}

const stateWords: Readonly<Record<string, string>> = {
  answered: "done",
  tool_error: "its tool said no",
  denied: "denied",
  unavailable: "not made, its tool was out",
  fault: "not done, its server failed",
  unknown: "unknown",
  planned: "to be made",
  started: "sent, without an answer yet",
  approval: "waits for the approval",
  credential: "waits for a consent",
  timer: "waits for a time",
  signal: "waits for the signal",
  child: "waits for the run",
};

function toCountLine({ tool, times, failed }: LedgerCount): string {
  const said = times === 1 ? "once" : `${times} times`;
  return `- ${toName(tool)} ${said}${failed === 0 ? "" : `, ${failed} of them without success`}`;
}

function toFactLine({ key, isTouched, ...place }: LedgerFact): string {
  const since = isTouched ? "; it may have been changed since" : "";
  return `- ${toName(key)} by ${toCallId(place)}${since}`;
}

function toSection(head: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [`${head}:`, ...lines];
}

/** A model may name a tool as it likes: what is no name is quoted. */
function toName(name: string): string {
  return /^[A-Za-z0-9_.:/=-]{1,256}$/.test(name) ? name : showHidden(JSON.stringify(name));
}
