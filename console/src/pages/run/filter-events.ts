import { toEventLine, type Tools } from "./event-line.ts";
import type { ShownEvent } from "./run-source.ts";

export interface EventFilter {
  /** `model.asked`, or all of `model`; empty: every one. */
  readonly type: string;
  readonly text: string;
}

const written = new WeakMap<ShownEvent, string>();

function toText(shown: ShownEvent): string {
  const known = written.get(shown);
  if (known !== undefined) return known;
  const text = JSON.stringify(shown.event).toLowerCase();
  written.set(shown, text);
  return text;
}

/** Those that somebody looks for, in their order. */
export function filterEvents(
  events: readonly ShownEvent[],
  { type, text }: EventFilter,
  tools: Tools,
): readonly ShownEvent[] {
  const words = text.trim().toLowerCase();
  if (type === "" && words === "") return events;
  return events.filter((shown) => {
    const { type: own } = shown.event;
    if (type !== "" && own !== type && !own.startsWith(`${type}.`)) return false;
    if (words === "" || toText(shown).includes(words)) return true;
    return toEventLine(shown, tools).toLowerCase().includes(words);
  });
}

/** How many there are of each type, by name, families before what is in them. */
export function countTypes(
  events: readonly ShownEvent[],
): readonly { readonly type: string; readonly count: number }[] {
  const counts = new Map<string, number>();
  for (const { event } of events) {
    const [family = ""] = event.type.split(".", 1);
    for (const name of new Set([family, event.type])) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts]
    .map(([type, count]) => ({ type, count }))
    .toSorted((one, other) => (one.type < other.type ? -1 : 1));
}
