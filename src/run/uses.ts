import { splitWords } from "../lib/split-words.ts";
import type { Digest } from "../model/index.ts";
import type { RunEvent } from "../model/run-event.ts";
import type { RunQuality } from "../model/run-quality.ts";

/** What a model went on after, and the answers that stood before it. */
interface Given {
  readonly digest: Digest;
  readonly answers: number;
}

interface Looked {
  /** The last answer that was the first to say one of its words; -1: no answer says any. */
  readonly last: number;
  /** It has words that no answer says. */
  readonly hasUnsaid: boolean;
}

/**
 * Whether a model came back to what it was given. A result counts as used when a later answer of the
 * model, the arguments of its calls included, has one of the result's distinctive words: those of five
 * letters or more, or of three signs or more with a digit, that no person had said and that the model had
 * not said itself before. A result without any of them had nothing to come back to, and is not unused.
 */
export function createUses(texts: ReadonlyMap<Digest, string>) {
  /** Of each word, by which answer the model first said it. */
  const said = new Map<string, number>();
  const people = new Set<string>();
  const effects = new Map<string, string>();
  /** What was said or heard, looked through once however often it came. */
  const known = new Set<Digest>();
  const given: Given[] = [];
  let answers = 0;
  /** The last answer that was not read; what it says nobody knows. */
  let unread = -1;

  function takeAnswer({ response, step, calls }: Answer): void {
    if (!texts.has(response)) unread = answers;
    for (const word of listNew(response)) if (!said.has(word)) said.set(word, answers);
    for (const [ordinal, { effect }] of calls.entries()) effects.set(`${step}/${ordinal}`, effect);
    answers += 1;
  }

  /** Nothing the second time: what was said by then was said before. */
  function listNew(digest: Digest): ReadonlySet<string> {
    const isKnown = known.has(digest);
    known.add(digest);
    return toDistinctive(isKnown ? "" : (texts.get(digest) ?? ""));
  }

  return {
    take(event: RunEvent): void {
      if (event.type === "model.responded") return takeAnswer(event);
      const heard = toHeard(event);
      if (heard !== null) for (const word of listNew(heard)) people.add(word);
      const digest = toGiven(event, effects);
      if (digest !== null) given.push({ digest, answers });
    },
    count(): Pick<RunQuality, "results" | "judged" | "unused"> {
      // The model has answered nothing after the others yet.
      const results = given.filter((each) => each.answers < answers);
      const looked = new Map<Digest, Looked>();
      for (const digest of new Set(results.map((each) => each.digest))) {
        const text = texts.get(digest);
        if (text !== undefined) looked.set(digest, lookThrough(text, { people, said }));
      }
      const verdicts = results.flatMap((each) => {
        const words = looked.get(each.digest);
        return words === undefined ? [] : (judge(words, each.answers, unread) ?? []);
      });
      const unused = verdicts.filter((verdict) => verdict === "unused").length;
      return { results: results.length, judged: verdicts.length, unused };
    },
  };
}

interface Words {
  readonly people: ReadonlySet<string>;
  readonly said: ReadonlyMap<string, number>;
}

/** Once all is said. */
function lookThrough(text: string, { people, said }: Words): Looked {
  let last = -1;
  let hasUnsaid = false;
  for (const word of toDistinctive(text)) {
    if (people.has(word)) continue;
    const first = said.get(word);
    if (first === undefined) hasUnsaid = true;
    else last = Math.max(last, first);
  }
  return { last, hasUnsaid };
}

/** Null: what was answered after it is not known whole. */
function judge(
  { last, hasUnsaid }: Looked,
  before: number,
  unread: number,
): "used" | "unused" | null {
  if (last >= before || !hasUnsaid) return "used";
  return unread >= before ? null : "unused";
}

type Answer = Extract<RunEvent, { type: "model.responded" }>;

/** What people said. */
export function toHeard(event: RunEvent): Digest | null {
  if (event.type === "run.created") return event.input;
  return event.type === "signal.received" ? event.payload : null;
}

const isGiven: ReadonlySet<string> = new Set(["read", "agent"]);

/** What was asked for to be known: an effect's answer says that it was done, and needs no use. */
export function toGiven(event: RunEvent, effects: ReadonlyMap<string, string>): Digest | null {
  if (event.type === "child.ended") return event.result;
  if (event.type !== "call.ended" || event.outcome !== "answered") return null;
  return isGiven.has(effects.get(`${event.step}/${event.ordinal}`) ?? "") ? event.result : null;
}

function toDistinctive(text: string): ReadonlySet<string> {
  return new Set(splitWords(text).filter(isDistinctive));
}

function isDistinctive(word: string): boolean {
  return word.length >= 5 || (word.length >= 3 && /\p{N}/u.test(word));
}
