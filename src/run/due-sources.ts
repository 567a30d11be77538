import type { ContextSource } from "../model/agent-context.ts";
import type { RunEvent } from "../model/run-event.ts";
import type { RunView } from "./view.ts";

/** A source that is to be read now. */
export interface DueSource {
  readonly source: ContextSource;
  /** Its place in the bundle. */
  readonly index: number;
  readonly why: Extract<RunEvent, { type: "source.read" }>["why"];
}

/** What could not be read is left alone for so long: it must not hold up every turn. */
const pauseMs = 30_000;

type Known = Pick<RunView, "sources" | "lastEnded">;

/** Decided from the log, the bundle and the time alone. */
export function listDue(
  sources: readonly ContextSource[],
  view: Known,
  nowMs: number,
): readonly DueSource[] {
  return sources.flatMap((source, index) => {
    const why = toWhy(source, view, nowMs);
    return why === null ? [] : [{ source, index, why }];
  });
}

function toWhy(source: ContextSource, view: Known, nowMs: number): DueSource["why"] | null {
  const had = Object.hasOwn(view.sources, source.name) ? view.sources[source.name] : undefined;
  if (had === undefined) return "first";
  if (source.kind === "text" || source.kind === "profile") return null;
  const { atMs, isError, step } = had;
  if (isError) return nowMs >= atMs + pauseMs ? "stale" : null;
  if (source.after.some((tool) => hasEnded(view, tool, step))) return "invalidated";
  return source.freshMs !== null && nowMs - atMs > source.freshMs ? "stale" : null;
}

/** Before a step is asked for, all calls of earlier ones have ended: what ends later has a later step next. */
function hasEnded({ lastEnded }: Known, tool: string, step: number): boolean {
  return Object.hasOwn(lastEnded, tool) && lastEnded[tool]! > step;
}
