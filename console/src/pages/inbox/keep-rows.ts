import type { Approval } from "../../../../src/client/client.ts";

/** One row of the list. What is over stays where it was for as long as somebody looks at it. */
export interface Row {
  readonly approval: Approval;
  readonly isOver: boolean;
}

/**
 * What waits now, in the order in which it was shown before: new rows come at the end, so that nothing
 * moves under a reader, and the row that is read stays though it is over.
 */
export function keepRows(
  before: readonly Row[],
  waiting: readonly Approval[],
  read: string | null,
): readonly Row[] {
  const now = new Map(waiting.map((approval) => [approval.id, approval]));
  const kept = before.flatMap(({ approval }): readonly Row[] => {
    const fresh = now.get(approval.id);
    now.delete(approval.id);
    if (fresh !== undefined) return [{ approval: fresh, isOver: false }];
    return approval.id === read ? [{ approval, isOver: true }] : [];
  });
  return [...kept, ...[...now.values()].map((approval) => ({ approval, isOver: false }))];
}

/** The row before or after; at an end, the end. */
export function stepFrom(rows: readonly Row[], id: string | null, by: 1 | -1): string | null {
  const at = rows.findIndex(({ approval }) => approval.id === id);
  const next = at === -1 ? 0 : Math.min(rows.length - 1, Math.max(0, at + by));
  return rows[next]?.approval.id ?? null;
}
