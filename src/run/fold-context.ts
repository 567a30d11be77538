import type { ContextPart, RunEvent } from "../model/run-event.ts";
import { spend } from "./spend.ts";
import type { FactView, RunView } from "./view.ts";

type Event<Type extends RunEvent["type"]> = Extract<RunEvent, { type: Type }>;

/** What an event says about that which the model is shown, and what it rests on. */
export function foldContext(
  view: RunView,
  event: Event<"source.read" | "tools.found" | "fact.read">,
): RunView {
  switch (event.type) {
    case "source.read":
      return readSource(view, event);
    case "tools.found":
      return { ...view, found: addFound(view.found, event.tools) };
    case "fact.read":
      return readFact(view, event);
  }
}

/** More tools than a model can tell apart; those found first are forgotten. */
const maxFound = 256;

/** The newest last, and of those found together the best: where not all fit, the first are left out. */
export function addFound(found: readonly string[], tools: readonly string[]): readonly string[] {
  const others = found.filter((name) => !tools.includes(name));
  return [...others, ...new Set(tools.toReversed())].slice(-maxFound);
}

/** The same once more is no new version, but it is as fresh as one. */
function readSource(view: RunView, event: Event<"source.read">): RunView {
  const { source: name, digest, step, atMs, isError, cost } = event;
  const isSame = view.sources[name]?.digest === digest;
  const part: ContextPart = { kind: "source", digest, step, ordinal: 0, name };
  return {
    ...(cost === undefined ? view : spend(view, cost)),
    sources: { ...view.sources, [name]: { digest, step, atMs, isError } },
    context: isSame ? view.context : [...view.context, part],
  };
}

function readFact(view: RunView, event: Event<"fact.read">): RunView {
  const { key, value, cost, result, step } = event;
  const atMs = toAskedMs(event);
  const { [key]: before, ...others } = view.facts;
  const spent = spend(view, cost);
  if (before === undefined) return spent;
  const facts =
    value === null
      ? others
      : { ...others, [key]: toRead(before, { ...before, value, result, atMs }, step) };
  return { ...spent, facts };
}

function toRead(
  before: FactView | undefined,
  now: Omit<FactView, "isTouched" | "newIn">,
  inStep: number,
): FactView {
  const newIn = before?.value === now.value ? before.newIn : inStep;
  return { ...now, isTouched: false, newIn };
}

/** What was read is as old as the question: what changed while it was answered may not be in it. */
function toAskedMs({ atMs, ms = 0 }: Pick<Event<"call.ended">, "atMs" | "ms">): number {
  return Math.max(0, atMs - ms);
}

/** More than any effect depends on; those read first are forgotten, and then read anew. */
const maxFacts = 512;

/** What an ended call has said of things, and which it has changed. */
export function foldFacts(view: RunView, event: Event<"call.ended">): RunView {
  const { facts = [], changed = [], step, ordinal, result } = event;
  const atMs = toAskedMs(event);
  if (facts.length === 0 && changed.length === 0) return view;
  const all = new Map<string, FactView>(Object.entries(view.facts));
  for (const key of changed) {
    const fact = all.get(key);
    if (fact !== undefined) all.set(key, { ...fact, isTouched: true });
  }
  for (const { key, value } of facts) {
    const before = all.get(key);
    all.delete(key);
    all.set(key, toRead(before, { value, result, atMs, step, ordinal }, step));
  }
  return { ...view, facts: Object.fromEntries([...all].slice(-maxFacts)) };
}
