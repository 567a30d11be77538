import { parseStrictJson } from "../lib/strict-json.ts";
import { toCanonicalBytes, type RunId } from "../model/index.ts";
import { fromRunEventBytes } from "../model/run-event.ts";
import type { Runs } from "../ports/run-rows.ts";
import { fold } from "./fold.ts";
import type { RunView } from "./view.ts";

/** Of what a view looks like: one that an older version kept is not read, and the events are. */
const viewVersion = 8;
const pageSize = 1_000;

export interface Loaded {
  readonly view: RunView;
  readonly head: number;
  /** Up to where it did not have to be folded. */
  readonly snapshotSeq: number;
}

/** As many as most runs have when they begin or wake. */
const firstSize = 128;

/**
 * The first page is read while the run is being taken. It ends wherever the log did then: what is after
 * it is read once it is known how far the log goes.
 */
export function readAhead(runs: Pick<Runs, "read" | "snapshot">, run: RunId): typeof runs {
  const first = runs.read(run, { after: 0, limit: firstSize });
  // Of a run that is not loaded, or from its snapshot, nobody asks.
  first.catch(() => undefined);
  return {
    snapshot: (of) => runs.snapshot(of),
    read: async (of, page) =>
      page.after === 0 ? (await first).slice(0, page.limit) : runs.read(of, page),
  };
}

/** I6: from the events alone. A snapshot only saves folding the first of them again. */
export async function loadView(
  runs: Pick<Runs, "read" | "snapshot">,
  run: RunId,
  upTo: number,
): Promise<Loaded | null> {
  const kept = upTo > pageSize ? await readSnapshot(runs, run) : null;
  const usable = kept !== null && kept.seq <= upTo ? kept : null;
  let view = usable?.view ?? null;
  let head = usable?.seq ?? 0;
  while (head < upTo) {
    const limit = Math.min(pageSize, upTo - head);
    const events = await runs.read(run, { after: head, limit });
    if (events.length === 0) break;
    for (const { payload } of events) view = fold(view, fromRunEventBytes(payload));
    head += events.length;
  }
  return view === null ? null : { view, head, snapshotSeq: usable?.seq ?? 0 };
}

async function readSnapshot(runs: Pick<Runs, "snapshot">, run: RunId) {
  const kept = await runs.snapshot(run);
  const parsed = kept === null ? null : parseStrictJson(kept.bytes);
  if (kept === null || parsed?.kind !== "parsed") return null;
  const { v, view } = parsed.value as unknown as { readonly v: number; readonly view: RunView };
  return v === viewVersion ? { seq: kept.seq, view: Object.freeze(view) } : null;
}

export function toSnapshotBytes(view: RunView): Uint8Array {
  return toCanonicalBytes({ v: viewVersion, view });
}
