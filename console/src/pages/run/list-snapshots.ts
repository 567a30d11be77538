import { asRunEvent } from "./event-line.ts";
import type { ShownEvent } from "./run-source.ts";

/** What one turn's context took of the window, as the log has it. */
export interface Snapshot {
  readonly step: number;
  readonly seq: number;
  readonly atMs: number;
  /** The list of skills is told with the instructions, and counted there. */
  readonly instructions: number;
  readonly tools: number;
  readonly conversation: number;
  readonly sources: number;
  readonly total: number;
  /** All before it was summarised since the snapshot before. */
  readonly isCompacted: boolean;
}

/** One a step, in order: of a step that was asked again, the last. */
export function listSnapshots(events: readonly ShownEvent[]): readonly Snapshot[] {
  const found = new Map<number, Snapshot>();
  let isCompacted = false;
  for (const shown of events) {
    const event = asRunEvent(shown);
    if (event.type === "context.compacted") isCompacted = true;
    if (event.type !== "model.asked" || event.for === "summary") continue;
    const tokens = event.snapshot?.tokens;
    if (tokens === undefined) continue;
    const { instructions, tools, conversation } = tokens;
    const sources = Object.values(tokens.sources).reduce((sum, count) => sum + count, 0);
    found.set(event.step, {
      step: event.step,
      seq: shown.seq,
      atMs: event.atMs,
      instructions,
      tools,
      conversation,
      sources,
      total: instructions + tools + conversation + sources,
      isCompacted: isCompacted || found.get(event.step)?.isCompacted === true,
    });
    isCompacted = false;
  }
  return [...found.values()].toSorted((one, other) => one.step - other.step);
}
