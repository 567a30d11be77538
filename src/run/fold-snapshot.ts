import type { Digest } from "../model/index.ts";
import type { ContextSnapshot } from "../model/run-event.ts";
import { toTotal } from "./measure.ts";
import type { Compaction, RunView } from "./view.ts";

/** What a turn is asked with: a snapshot of all that stood in the log. */
export function foldSnapshot(
  { context, compaction, measured }: RunView,
  snapshot: Digest,
  { tokens }: ContextSnapshot,
): Pick<RunView, "snapshot" | "listed" | "measured"> {
  return {
    snapshot,
    listed: { parts: context.length, compacted: compaction?.parts ?? 0 },
    measured: { ...measured, estimated: toTotal(tokens) },
  };
}

/** Where in the context it stands follows from the step up to which it goes. */
export function toCompaction(
  made: Omit<Compaction, "parts"> | null,
  context: RunView["context"],
): Compaction | null {
  if (made === null) return null;
  const { upTo, summary, ledger } = made;
  const first = context.findIndex(({ kind, step }) => kind === "response" && step >= upTo);
  return { upTo, summary, ledger, parts: first === -1 ? context.length : first };
}
