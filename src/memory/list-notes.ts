import type { Recalled } from "./memories.ts";
import { toAge } from "./to-age.ts";

/** What whoever reads an answer has to know of how fresh and how whole it is. */
export function listNotes(found: Recalled, nowMs: number): readonly string[] {
  const { hits, rows, stale, writtenAtMs, compared, spelling, unembedded } = found;
  const oldestMs = Math.min(...hits.map(({ updatedAtMs }) => updatedAtMs));
  const changed = hits.filter(({ changedAtMs }) => changedAtMs !== null).length;
  const notes: string[] = [];
  if (writtenAtMs !== null)
    notes.push(`This memory was last written to ${toAge(nowMs - writtenAtMs)} ago.`);
  if (hits.length > 0)
    notes.push(`The oldest of these was written ${toAge(nowMs - oldestMs)} ago.`);
  if (changed > 0)
    notes.push(`${changed} of these are from a source that has changed since: look there first.`);
  if (unembedded !== null)
    notes.push(`The query could not be embedded (${unembedded}): words alone were looked for.`);
  else if (stale > 0)
    notes.push(
      `${stale} of ${rows} memories are not embedded by the embedder in use: they are found by their words alone.`,
    );
  if (compared === "candidates")
    notes.push("Likeness was compared only for what words had found: there are too many memories.");
  if (!spelling)
    notes.push("Words that are spelled otherwise are not found: Postgres has no pg_trgm.");
  return notes;
}
