import { usualContext } from "../model/agent-context.ts";
import { Fault, toCanonicalText, toDigest } from "../model/index.ts";
import type { RunEvent } from "../model/run-event.ts";
import { estimateTokens } from "../model/skill-text.ts";
import { askHeld, isForGood, noteFailure, type HeldAnswer, type ModelAnswer } from "./ask-held.ts";
import { toSized, type Assembled, type SizedPart } from "./assemble.ts";
import type { Ledger, Said } from "./content-kinds.ts";
import { cutText } from "./cut-text.ts";
import { sumParts } from "./measure.ts";
import { splitParts, toMostOfSummary, type Room } from "./plan-context.ts";
import type { ShownPart } from "./shown-parts.ts";
import { quoteLines } from "./to-request.ts";
import { toSummaryRequest } from "./to-summary-request.ts";
import type { Work } from "./worker.ts";

export interface Compacting {
  readonly assembled: Assembled;
  readonly ledger: Ledger;
  readonly room: Room;
  /** What belongs to this step and later ones stays. */
  readonly upTo: number;
}

/**
 * A model summarises what is old; the ledger beside it is ours. It is held for and settled as a turn is:
 * whoever dies in between forgets what was asked, and summarises anew.
 */
export async function compact(work: Work, compacting: Compacting): Promise<void> {
  const { built, journal } = work;
  const { assembled, room, upTo } = compacting;
  const { window, compaction } = built.bundle.context ?? usualContext;
  const { go } = splitParts(assembled.parts, upTo);
  const { factor } = journal.view.measured;
  const request = toSummaryRequest({
    parts: go,
    prompt: compaction.prompt,
    maxTokens: room.summary,
    mostTokens: Math.floor(window / factor) - room.summary,
  });
  const alias = compaction.model ?? built.bundle.model.alias;
  // Of the keyed digests: whoever sees the event cannot try guesses on what was said.
  const context = toDigest(
    toCanonicalText({
      v: 1,
      for: "summary",
      prompt: toDigest(compaction.prompt),
      parts: go.map(({ part }) => [part.kind, part.digest]),
    }),
  );
  const held = await askHeld(work, { alias, request, asked: { context, for: "summary" } });
  if (held === null) return;
  const { answer, ...rest } = held;
  if (answer instanceof Fault && !isForGood(answer)) return noteFailure(work, { answer, ...rest });
  await noteCompacted(work, compacting, held);
}

async function noteCompacted(
  work: Work,
  { assembled, ledger, room, upTo }: Compacting,
  { answer, step, cost }: HeldAnswer,
): Promise<void> {
  const { contents, journal, options } = work;
  const { text, stop } = toSummary(answer, toMostOfSummary(room));
  const said: Said = { name: null, text };
  const summary = await contents.make(said);
  const kept = await contents.make(ledger);
  const { go, stay } = splitParts(assembled.parts, upTo);
  const at = { step: upTo, ordinal: 0 } as const;
  const stand: readonly SizedPart[] = [
    toSized({ kind: "summary", digest: summary.id, ...at }, said),
    toSized({ kind: "ledger", digest: kept.id, ...at }, ledger),
  ];
  const others = assembled.tokens - sumParts([...go, ...stay]);
  const event: RunEvent = {
    v: 1,
    type: "context.compacted",
    atMs: options.clock.nowMs(),
    step,
    upTo,
    summary: summary.id,
    ledger: kept.id,
    tokens: { before: assembled.tokens, after: others + sumParts([...stand, ...stay]) },
    dropped: countDropped(go, assembled.snapshot),
    backend: answer instanceof Fault ? null : answer.backend,
    prices: answer instanceof Fault ? null : answer.prices,
    cost,
    ...(stop === null ? {} : { stop }),
  };
  await journal.note({ events: [event], blobs: [summary, kept] });
}

function countDropped(go: readonly SizedPart[], { dropped }: Assembled["snapshot"]) {
  const count = (...kinds: readonly ShownPart["kind"][]): number =>
    go.filter(({ part }) => kinds.includes(part.kind)).length;
  const sources = dropped.filter(({ why }) => why === "superseded").length;
  return { responses: count("response"), results: count("result", "late"), sources };
}

interface Summary {
  readonly text: string;
  /** Null: it is whole. */
  readonly stop: string | null;
}

/** What came, as far as it came; where nothing did, that is what is said. */
function toSummary(answer: ModelAnswer | Fault, most: number): Summary {
  if (answer instanceof Fault) return { text: without(answer.code), stop: answer.code };
  const { stop } = answer;
  const text = answer.text.trim();
  if (stop === "refused") return { text: without(stop), stop };
  if (text === "") return { text: without("empty"), stop: "empty" };
  const shown = fitQuoted(text, most);
  if (stop === "length") return { text: `${shown}\n(It ends here, at its longest.)`, stop };
  if (shown !== text) return { text: shown, stop: "cut" };
  return { text, stop: stop === "other" ? stop : null };
}

/** What stands around it where it is cut. */
const around = 16;

/** Of lines that say next to nothing, most of what is shown are the marks before them. */
function fitQuoted(text: string, most: number): string {
  let room = most;
  for (;;) {
    const shown = cutText(text, room);
    if (room === 0 || estimateTokens(quoteLines(shown)) <= most + around) return shown;
    room = Math.floor((room * 3) / 4);
  }
}

function without(why: string): string {
  return `(There is no summary: ${why}. What was done and what is open is listed below; what it said is gone from here.)`;
}
