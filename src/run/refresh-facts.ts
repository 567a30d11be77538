import { reserveBudget, nothing, type Amounts } from "../model/budget.ts";
import type { RunEvent } from "../model/run-event.ts";
import { toBudgetWords } from "./budget-words.ts";
import { costOf } from "./call-cost.ts";
import { deriveFacts, toFactRules } from "./fact-rules.ts";
import { readFactSource, readValue, type FactSource } from "./fact-source.ts";
import {
  toChangedWords,
  toMissingWords,
  toShown,
  toUnreadWords,
  type ChangedFact,
  type FactRefusal,
} from "./fact-words.ts";
import { holdShared, settleShared, StopRun } from "./hold.ts";
import { toDigested } from "./note-facts.ts";
import { readAgain } from "./read-fact-again.ts";
import { toResult } from "./to-result.ts";
import type { CallView, FactView } from "./view.ts";
import type { Work } from "./worker.ts";

/** A fact that is read again before a call, and why. */
export interface DueFact extends FactView {
  readonly key: string;
  readonly why: "stale" | "touched";
  /** Tools that read such facts. */
  readonly readers: readonly string[];
}

/** What was found out; null: the run is cut, and nothing more is said of it. */
export type Refreshed = { readonly kind: "same" } | ({ readonly kind: "refused" } & FactRefusal);

/** The reads that said these facts are made again, each once; what they say now is noted before it counts. */
export async function refreshFacts(
  work: Work,
  call: CallView,
  due: readonly DueFact[],
): Promise<Refreshed | null> {
  const groups = Map.groupBy(due, ({ step, ordinal }) => `${step}/${ordinal}`);
  const planned: Reading[] = [];
  for (const facts of groups.values()) {
    const source = await readFactSource(work, facts[0]!);
    // Its words are gone from the log: whoever needs it reads it himself.
    if (source === null)
      return {
        kind: "refused",
        outcome: "missing",
        words: toMissingWords(facts),
        isPassing: false,
      };
    planned.push({ facts, source, cost: costOf(work, source) });
  }
  requireAffordable(work, [costOf(work, call), ...planned.map(({ cost }) => cost)]);
  const changed: ChangedFact[] = [];
  for (const reading of planned) {
    const read = await refresh(work, call, reading);
    if (read?.kind !== "read") return read;
    changed.push(...read.changed);
  }
  if (changed.length === 0) return { kind: "same" };
  const outcome = changed.every(({ isGone }) => isGone) ? "gone" : "changed";
  return { kind: "refused", outcome, words: toChangedWords(changed), isPassing: false };
}

interface Reading {
  readonly facts: readonly DueFact[];
  readonly source: FactSource;
  readonly cost: Amounts;
}

/** I8: nothing is read that the effect could not be paid for after. */
function requireAffordable({ journal }: Work, costs: readonly Amounts[]): void {
  let { budget } = journal.view;
  for (const cost of costs) {
    const reserved = reserveBudget(budget, cost);
    if (reserved.kind === "refused") throw new StopRun("budget", toBudgetWords(reserved));
    ({ budget } = reserved);
  }
}

async function refresh(
  work: Work,
  call: CallView,
  reading: Reading,
): Promise<
  | { readonly kind: "read"; readonly changed: readonly ChangedFact[] }
  | Extract<Refreshed, { kind: "refused" }>
  | null
> {
  const { facts, source, cost } = reading;
  // Spent before it is asked for: whoever dies in between asks once more under the same name.
  const slot = `fact:${call.step}:${call.ordinal}:${source.step}:${source.ordinal}:${facts[0]!.atMs}`;
  await holdShared(work, slot, cost);
  await settleShared(work, slot, cost);
  const { clock } = work.options;
  const sinceMs = clock.monotonicMs();
  const read = await readAgain(work, call, source);
  if (read === null) return null;
  if (read.kind === "failed") {
    const { why, isPassing } = read;
    const words = toUnreadWords(source.tool, why);
    return { kind: "refused", outcome: "unread", words, isPassing };
  }
  const ms = Math.max(0, Math.ceil(clock.monotonicMs() - sinceMs));
  return { kind: "read", changed: await note(work, call, { ...reading, text: read.text, ms }) };
}

interface Answered extends Reading {
  readonly text: string;
  readonly ms: number;
}

/** Those that are not what they were. */
async function note(
  work: Work,
  { step, ordinal }: CallView,
  { facts, source, cost, text, ms }: Answered,
): Promise<readonly ChangedFact[]> {
  const { built, options, contents, journal } = work;
  const rules = toFactRules(built.bundle, options.catalog(), source.tool);
  const said = deriveFacts(rules?.facts ?? [], source.args, text);
  const result = await contents.make(toResult(text, false));
  const atMs = options.clock.nowMs();
  const changed: ChangedFact[] = [];
  const events: RunEvent[] = [];
  for (const fact of facts) {
    const { key, value: was, why } = fact;
    const now = said.find((each) => each.key === key);
    const value = now === undefined ? null : (await toDigested(work, now)).value;
    const paid = events.length === 0 ? cost : nothing;
    const base = { v: 1, type: "fact.read", atMs, step, ordinal } as const;
    events.push({ ...base, key, was, value, why, ms, result: result.id, cost: paid });
    if (value === was) continue;
    const before = toShown(await readValue(work, fact, source));
    changed.push({ key, was: before, now: toShown(now?.value), isGone: value === null });
  }
  await journal.note({ events, blobs: [result] });
  return changed;
}
