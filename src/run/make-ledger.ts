import { parseStrictJson } from "../lib/strict-json.ts";
import { toCanonicalText } from "../model/index.ts";
import { estimateTokens } from "../model/skill-text.ts";
import {
  asAnswered,
  asLedger,
  asResult,
  type Ledger,
  type LedgerCall,
  type LedgerFact,
} from "./content-kinds.ts";
import { countCalls } from "./count-calls.ts";
import { hasEffect } from "./effects.ts";
import { toCallLine, toLedgerText } from "./ledger-text.ts";
import type { CallView, Placed, RunView } from "./view.ts";
import type { Work } from "./worker.ts";

/** What is done is listed whole up to here, the newest of it; older calls are counted by their tool. */
const mostDone = 200;
const mostFacts = 64;
/** What an argument may hold of a blob, in characters. */
const longestArgs = 1_000;

/**
 * From the log alone, on top of the ledger before it: no word of a tool is in it but what stands encoded in
 * keys of facts, and what is open is in it however much that is. Done calls, counts and facts take no more than some tokens.
 */
export async function makeLedger(work: Work, mostTokens: number): Promise<Ledger> {
  const { journal, contents } = work;
  const { view } = journal;
  const [kept] = view.compaction === null ? [] : await contents.read([view.compaction.ledger]);
  const before = kept === undefined ? null : asLedger(kept);
  const known = new Map(
    [...view.effects, ...(view.turn?.calls ?? [])].map((each) => [toKey(each), each]),
  );
  const carried = [...(before?.pending ?? []), ...(before?.unknown ?? [])].map((call) => {
    const now = known.get(toKey(call));
    return now === undefined ? call : { ...call, ...toProgress(now) };
  });
  const calls = [...carried, ...(await listCalls(work, { known, from: before?.upTo ?? 0 }))];
  const isOpen = createOpenness(view, calls);
  const isPending = (call: LedgerCall) => !ends.has(call.state) || isOpen(call);
  const over = calls.filter((call) => call.state !== "unknown" && !isPending(call));
  const done = [...(before?.done ?? []), ...over].toSorted(byPlace);
  const whole = countNewest(done, mostTokens);
  const made = {
    v: 1,
    upTo: view.step,
    done: done.slice(done.length - whole),
    earlier: countCalls(before?.earlier ?? [], done.slice(0, done.length - whole)),
    pending: calls.filter(isPending).toSorted(byPlace),
    unknown: calls.filter(({ state }) => state === "unknown").toSorted(byPlace),
    facts: listFacts(view, mostTokens),
  } as const;
  return { ...made, text: toLedgerText(made) };
}

const ends: ReadonlySet<string> = new Set([
  "answered",
  "tool_error",
  "denied",
  "unavailable",
  "fault",
  "unknown",
  "failed",
]);
const failures: ReadonlySet<string> = new Set(["tool_error", "unavailable", "fault", "failed"]);

/** An effect that failed, and that no later step tried again: as `isOpenEffect` says it of a view. */
function createOpenness(view: RunView, calls: readonly LedgerCall[]) {
  const last = new Map<string, number>();
  const note = ({ tool, step }: Pick<LedgerCall, "tool" | "step">): void =>
    void last.set(tool, Math.max(step, last.get(tool) ?? 0));
  for (const call of view.effects) note(call);
  for (const call of calls) if (call.hasEffect) note(call);
  return ({ hasEffect: isEffect, state, tool, step }: LedgerCall): boolean =>
    isEffect && failures.has(state) && (last.get(tool) ?? step) <= step;
}

interface Listing {
  readonly known: ReadonlyMap<string, CallView>;
  readonly from: number;
}

/** Each as the model asked for it; what the view does not know any more, by the result that it had. */
async function listCalls(work: Work, { known, from }: Listing): Promise<readonly LedgerCall[]> {
  const { journal, contents } = work;
  const parts = journal.view.context.filter(({ step }) => step >= from);
  const responses = parts.filter(({ kind }) => kind === "response");
  const results = new Map(
    parts.filter(({ kind }) => kind === "result").map((part) => [toKey(part), part.digest]),
  );
  const answers = await contents.read(responses.map(({ digest }) => digest));
  const listed: LedgerCall[] = [];
  for (const [index, { step }] of responses.entries()) {
    for (const [ordinal, { name, args }] of asAnswered(answers[index]!).calls.entries()) {
      const now = known.get(toKey({ step, ordinal }));
      const result = results.get(toKey({ step, ordinal }));
      const [said] = now !== undefined || result === undefined ? [] : await contents.read([result]);
      const isError = said === undefined ? null : asResult(said).isError;
      const asked = { step, ordinal, tool: name, args };
      listed.push(await toLedgerCall(work, asked, now ?? isError));
    }
  }
  return listed;
}

type Asked = Pick<LedgerCall, "step" | "ordinal" | "tool" | "args">;

async function toLedgerCall(
  { contents, built }: Work,
  asked: Asked,
  /** As the view has it; or whether its result was an error, null where there is none. */
  known: CallView | boolean | null,
): Promise<LedgerCall> {
  const { step, ordinal, tool } = asked;
  const { tools, compensations } = built.bundle;
  const bundled = tools.find(({ exposed }) => exposed === tool);
  const isView = known !== null && typeof known === "object";
  const canonical = toArgs(asked.args);
  const back = Object.hasOwn(compensations, tool) ? compensations[tool]!.tool : null;
  const progress = isView ? toProgress(known) : { state: toState(known), on: null };
  return {
    step,
    ordinal,
    tool,
    hasEffect: isView ? hasEffect(known) : bundled !== undefined && bundled.effect !== "read",
    args: canonical.slice(0, longestArgs).toWellFormed(),
    argsDigest: isView ? known.args : await contents.hashArgs(asked.args),
    isCut: canonical.length > longestArgs,
    ...progress,
    compensation: progress.state === "answered" ? back : null,
  };
}

function toState(isError: boolean | null): string {
  if (isError === null) return "planned";
  return isError ? "failed" : "answered";
}

function toProgress({ state }: CallView): Pick<LedgerCall, "state" | "on"> {
  switch (state.kind) {
    case "ended":
      return { state: state.outcome, on: null };
    case "child":
      return { state: state.kind, on: state.run };
    case "deferred":
      return { state: state.for, on: state.approval ?? state.name };
    default:
      return { state: state.kind, on: null };
  }
}

/** On one line, however the model wrote it. */
function toArgs(text: string): string {
  const read = parseStrictJson(text);
  return read.kind === "parsed" ? toCanonicalText(read.value) : JSON.stringify(text);
}

/** As many of the newest as there is room for. */
function countNewest(done: readonly LedgerCall[], mostTokens: number): number {
  let left = mostTokens;
  let count = 0;
  for (const call of done.slice(-mostDone).toReversed()) {
    left -= estimateTokens(`${toCallLine(call)}\n`);
    if (left < 0) break;
    count += 1;
  }
  return count;
}

function listFacts({ facts }: RunView, mostTokens: number): readonly LedgerFact[] {
  const listed: LedgerFact[] = [];
  let left = mostTokens / 4;
  for (const [key, { step, ordinal, isTouched }] of Object.entries(facts)
    .slice(-mostFacts)
    .toReversed()) {
    left -= estimateTokens(key) + 16;
    if (left < 0) break;
    listed.push({ key, step, ordinal, isTouched });
  }
  return listed.toReversed();
}

const toKey = ({ step, ordinal }: Placed): string => `${step}/${ordinal}`;

const byPlace = (one: Placed, other: Placed): number =>
  one.step - other.step || one.ordinal - other.ordinal;
