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
      return { ...view, found: [...new Set([...view.found, ...event.tools])].slice(-maxFound) };
    case "fact.read":
      return readFact(view, event);
  }
}

/** More tools than a model can tell apart; those found first are forgotten. */
const maxFound = 256;

/** The same once more is no new version, but it is as fresh as one. */
function readSource(view: RunView, event: Event<"source.read">): RunView {
  const { source: name, digest, step, atMs, isError } = event;
  const isSame = view.sources[name]?.digest === digest;
  const part: ContextPart = { kind: "source", digest, step, ordinal: 0, name };
  return {
    ...view,
    sources: { ...view.sources, [name]: { digest, step, atMs, isError } },
    context: isSame ? view.context : [...view.context, part],
  };
}

function readFact(view: RunView, { key, value, atMs, cost }: Event<"fact.read">): RunView {
  const { [key]: before, ...others } = view.facts;
  const spent = spend(view, cost);
  if (before === undefined) return spent;
  const facts =
    value === null ? others : { ...others, [key]: { ...before, value, atMs, isTouched: false } };
  return { ...spent, facts };
}

/** More than any effect depends on; those read first are forgotten, and then read anew. */
const maxFacts = 512;

/** What an ended call has said of things, and which it has changed. */
export function foldFacts(view: RunView, event: Event<"call.ended">): RunView {
  const { facts = [], changed = [], step, ordinal, atMs } = event;
  if (facts.length === 0 && changed.length === 0) return view;
  const all = new Map<string, FactView>(Object.entries(view.facts));
  for (const key of changed) {
    const fact = all.get(key);
    if (fact !== undefined) all.set(key, { ...fact, isTouched: true });
  }
  for (const { key, value } of facts) {
    all.delete(key);
    all.set(key, { value, atMs, step, ordinal, isTouched: false });
  }
  return { ...view, facts: Object.fromEntries([...all].slice(-maxFacts)) };
}
