import type { CommitOutcome, CommitUnit } from "../../ports/store.ts";

interface Committed {
  readonly append?: CommitUnit["append"] | undefined;
  readonly entries?: CommitUnit["entries"] | undefined;
}

/** `late` holds ids of entries that were left out, of this unit and others. */
export function toCommitted(
  { append, entries }: Committed,
  late?: ReadonlySet<string>,
): Extract<CommitOutcome, { kind: "committed" }> {
  const head = append === undefined ? null : append.head + append.events.length;
  if (late === undefined || late.size === 0) return { kind: "committed", head };
  const ids = (entries ?? []).map(({ id }) => id).filter((id) => late.has(id));
  return ids.length === 0 ? { kind: "committed", head } : { kind: "committed", head, late: ids };
}
