import { readPointer } from "../lib/json-pointer.ts";
import { parseStrictJson, type Json } from "../lib/strict-json.ts";
import { toFactKey } from "../model/fact-key.ts";
import { toCanonicalText, toDigest } from "../model/index.ts";
import type { RunBasis } from "../ports/gate.ts";
import { hasEffect } from "./effects.ts";
import { endCall, hasTriesLeft, noteDeferred, toSoon, type MadeCall } from "./end-call.ts";
import { listReaders, toFactRules, toFreshMs, type BothRules } from "./fact-rules.ts";
import { readFactSource, readValue, toChecked } from "./fact-source.ts";
import { standingOf } from "./fact-standing.ts";
import {
  toDifferingWords,
  toDoubtWords,
  toInUseWords,
  toMissingWords,
  toNamelessWords,
  toShown,
  toUnheardWords,
  type DifferingFact,
  type FactRefusal,
  type UnheardFact,
} from "./fact-words.ts";
import { refreshFacts, type DueFact } from "./refresh-facts.ts";
import { findTouched, type Touched } from "./touched-facts.ts";
import type { CallView, FactView } from "./view.ts";
import type { Work } from "./worker.ts";

type Need = BothRules["needs"][number];

/** A fact that a call rests on; null: the run has not read it. */
interface Needed {
  readonly key: string;
  readonly need: Need;
  readonly fact: FactView | null;
}

/**
 * Before a call is made, for the first time or again: what it rests on is what the run has read, or the
 * call is not made. Null: it has ended so, is put off, or the run is cut.
 */
export async function checkFacts(
  work: Work,
  call: CallView,
  text: string,
): Promise<MadeCall | null> {
  const { built, options } = work;
  const rules = toFactRules(built.bundle, options.catalog(), call.tool);
  const parsed = rules === null ? null : parseStrictJson(text);
  // Arguments that cannot be read are refused where all are.
  if (rules === null || parsed?.kind !== "parsed") return call;
  const checked = toChecked(work, call.tool, parsed.value);
  const made = { ...call, checked };
  if (rules.needs.length === 0 || !hasEffect(call)) return made;
  const standing = await standingOf(work, call);
  const toRest = () => toBasis(work, listNeeded(work, made, rules.needs));
  // Nothing was looked at: should it be sent after all, it is looked at first.
  if (standing === "settled") return { ...made, basis: { ...(await toRest()), untilMs: 0 } };
  const found = await look(work, made, rules.needs);
  if (found === "cut") return null;
  if ("outcome" in found) {
    await refuse(work, made, { ...found, isDoubt: standing === "doubt" });
    return null;
  }
  return { ...made, basis: await toRest(), stillHolds: found.stillHolds };
}

type Checked = MadeCall & { readonly checked: Json };

interface Refusing extends FactRefusal {
  readonly isDoubt: boolean;
}

async function refuse(work: Work, call: Checked, refusal: Refusing): Promise<void> {
  const { outcome, words, isPassing, isDoubt, contradicts } = refusal;
  if (isPassing && hasTriesLeft(work, call)) {
    await noteDeferred(work, call, toSoon(work, call));
    return;
  }
  work.options.telemetry.count("run_facts", { outcome });
  if (isDoubt) return endCall(work, call, { outcome: "unknown", text: toDoubtWords(words) });
  const isAway = outcome === "unread" || outcome === "in_use";
  const ended = isAway ? "unavailable" : "denied";
  const why = contradicts === undefined ? {} : { contradicts };
  return endCall(work, call, { outcome: ended, text: words, isFree: true, ...why });
}

/** No refusal: everything that it rests on holds, and was read again where it may have been old. */
async function look(
  work: Work,
  call: Checked,
  needs: readonly Need[],
): Promise<FactRefusal | "cut" | Pick<Touched, "stillHolds">> {
  const { built, options } = work;
  const nameless = needs.find(({ fact }) => toFactKey(fact, { args: call.checked }) === null);
  if (nameless !== undefined)
    return { outcome: "missing", words: toNamelessWords(nameless.fact), isPassing: false };
  const needed = listNeeded(work, call, needs);
  const readersOf = (need: Need) => listReaders(built.bundle, options.catalog(), need);
  const missing = needed.filter(({ fact }) => fact === null);
  if (missing.length > 0) {
    const words = toMissingWords(
      missing.map(({ key, need }) => ({ key, readers: readersOf(need) })),
    );
    return { outcome: "missing", words, isPassing: false };
  }
  const differing = await findDiffering(work, call, needed);
  const [first] = differing;
  if (first !== undefined) {
    const words = toDifferingWords(differing);
    return { outcome: "contradicted", words, isPassing: false, contradicts: first.key };
  }
  const unheard = await listUnheard(work, call, needed);
  if (unheard.length > 0)
    return { outcome: "changed", words: toUnheardWords(unheard), isPassing: false };
  const known = needed.map(({ key, fact }) => ({ ...fact!, key }));
  const { touched, inUse, stillHolds } = await findTouched(work, call, known);
  if (inUse.length > 0) return { outcome: "in_use", words: toInUseWords(inUse), isPassing: true };
  const due = new Map<string, DueFact>();
  for (const { key, need, fact } of needed) {
    const why = touched.has(key) ? "touched" : await toStale(work, fact!, need);
    if (why !== null) due.set(key, { ...fact!, key, why, readers: readersOf(need) });
  }
  if (due.size === 0) return { stillHolds };
  const refreshed = await refreshFacts(work, call, [...due.values()]);
  if (refreshed === null) return "cut";
  if (refreshed.kind === "refused") return refreshed;
  options.telemetry.count("run_facts", { outcome: "same" });
  return { stillHolds };
}

/** Read since its model asked for the call, and no argument says that the model knew. */
async function listUnheard(
  work: Work,
  { step }: Checked,
  needed: readonly Needed[],
): Promise<readonly UnheardFact[]> {
  const unheard = needed.filter(({ need, fact }) => need.same === undefined && fact!.newIn >= step);
  return Promise.all(
    unheard.map(async ({ key, fact }) => ({
      key,
      now: toShown(await readKnown(work, { ...fact!, key })),
    })),
  );
}

function listNeeded({ journal }: Work, call: Checked, needs: readonly Need[]): readonly Needed[] {
  const { facts } = journal.view;
  return needs.flatMap((need) => {
    const key = toFactKey(need.fact, { args: call.checked });
    if (key === null) return [];
    return [{ key, need, fact: Object.hasOwn(facts, key) ? facts[key]! : null }];
  });
}

async function toStale(work: Work, fact: FactView, need: Need): Promise<"stale" | null> {
  const nowMs = work.options.clock.nowMs();
  // A clock that went back says nothing of its age.
  return nowMs < fact.atMs || nowMs > (await toUntilMs(work, fact, need)) ? "stale" : null;
}

/** Until when it is believed. */
async function toUntilMs(work: Work, fact: FactView, need: Need): Promise<number> {
  const { built, options } = work;
  const source = await readFactSource(work, fact);
  const rules = source === null ? null : toFactRules(built.bundle, options.catalog(), source.tool);
  return fact.atMs + toFreshMs(rules?.facts ?? [], need);
}

/** Arguments that contradict what the run itself has read. */
async function findDiffering(
  work: Work,
  { checked }: Checked,
  needed: readonly Needed[],
): Promise<readonly DifferingFact[]> {
  const differing: DifferingFact[] = [];
  for (const { key, need, fact } of needed) {
    if (need.same === undefined) continue;
    const given = readPointer({ args: checked }, need.same);
    const isSame =
      given !== undefined && (await work.contents.hashFact(key, given)) === fact!.value;
    if (isSame) continue;
    const known = toShown(await readKnown(work, { ...fact!, key }));
    differing.push({ key, pointer: need.same, given: toShown(given), known });
  }
  return differing;
}

async function readKnown(work: Work, fact: FactView & { readonly key: string }) {
  const source = await readFactSource(work, fact);
  return source === null ? undefined : readValue(work, fact, source);
}

/** By their keys and values, which are read anew: they may have been read again meanwhile. */
async function toBasis(work: Work, needed: readonly Needed[]): Promise<RunBasis> {
  const values: Record<string, string | null> = {};
  const shown = new Map<string, string | null>();
  let untilMs = Number.MAX_SAFE_INTEGER;
  for (const { key, need, fact } of needed) {
    values[key] = fact?.value ?? null;
    const believedMs = fact === null ? 0 : await toUntilMs(work, fact, need);
    untilMs = Math.min(untilMs, believedMs);
    if (shown.has(key)) continue;
    shown.set(key, fact === null ? null : toShown(await readKnown(work, { ...fact, key })));
  }
  return {
    digest: toDigest(toCanonicalText(values)),
    untilMs,
    shown: [...shown].map(([key, value]) => ({ key, value })),
  };
}
