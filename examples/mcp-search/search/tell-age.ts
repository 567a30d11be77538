import type { Heartbeat } from "./heartbeat.ts";
import type { Index } from "./index-file.ts";

export interface Age {
  readonly version: string;
  readonly embedder: string;
  readonly writtenAt: string;
  /** Since it was last known to say what the folder says. */
  readonly ageSeconds: number;
  readonly documents: number;
  readonly chunks: number;
  readonly stale: boolean;
  readonly note: string | null;
}

export interface AgeOptions {
  readonly heartbeat: Heartbeat | null;
  readonly problem: string | null;
  readonly staleAfterMs: number;
  readonly nowMs: number;
}

/** How old an index is, and what there is to say of that. An indexer vouches for the one that it wrote. */
export function tellAge(index: Index, options: AgeOptions): Age {
  const { heartbeat, problem, staleAfterMs, nowMs } = options;
  const { writtenAt, embedder, documents, chunks } = index;
  const seen = heartbeat?.seen?.writtenAt === writtenAt ? heartbeat.seen.at : null;
  const ageMs = Math.max(0, nowMs - Date.parse(seen ?? writtenAt));
  const said = heartbeat?.problem ?? null;
  const isOld = ageMs > staleAfterMs;
  const notes = [
    ...(isOld ? [tellOld(ageMs, options)] : []),
    ...(problem === null
      ? []
      : [`The newest index cannot be used: ${problem} The last good one answers.`]),
    ...(said === null ? [] : [`The indexer says: ${said}`]),
  ];
  return {
    version: embedder.version,
    embedder: embedder.id,
    writtenAt,
    ageSeconds: Math.round(ageMs) / 1_000,
    documents: documents.length,
    chunks: chunks.length,
    stale: notes.length > 0,
    note: notes.length === 0 ? null : notes.join(" "),
  };
}

function tellOld(ageMs: number, { heartbeat, staleAfterMs, nowMs }: AgeOptions): string {
  const since = `This index was last compared with the documents ${tellTime(ageMs)} ago`;
  const isHeard = heartbeat !== null && nowMs - Date.parse(heartbeat.at) <= staleAfterMs;
  const { building } = heartbeat ?? { building: null };
  if (isHeard && building !== null) {
    const { version, done, of } = building;
    return `${since}, while version ${version} is being built (${done} of ${of} chunks).`;
  }
  const why = isHeard ? "the indexer does not get done" : "the indexer has stopped";
  return `${since}: ${why}, and what has changed since is not in it.`;
}

function tellTime(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  if (seconds < 120) return `${seconds} seconds`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} minutes` : `${Math.round(minutes / 60)} hours`;
}
