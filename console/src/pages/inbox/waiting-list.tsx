import type { Approval } from "../../../../src/client/client.ts";
import { Fault } from "../../../../src/model/fault.ts";
import { approvalsListed } from "../../api/approvals-query.ts";
import { Button } from "../../ui/button.tsx";
import { ApprovalRow } from "./approval-row.tsx";
import { clearChosen, toggleChosen } from "./chosen.ts";
import type { Row } from "./keep-rows.ts";
import type { Word } from "./outcome-words.ts";

export interface WaitingListProps {
  readonly rows: readonly Row[];
  readonly read: string | null;
  /** How what is read ended. */
  readonly end: Approval["state"] | null;
  readonly chosen: readonly Approval[];
  readonly onTogether: (word: Word) => void;
  /** Why the list could not be read again; null: it is as it stands. */
  readonly error: Error | null;
}

/** The shell says already that nothing answers. */
const isSilence = (error: Error): boolean => error instanceof Fault && error.code === "unreachable";

/** What waits, the oldest first. */
export function WaitingList({ rows, read, end, chosen, onTogether, error }: WaitingListProps) {
  const ids = new Set(chosen.map(({ id }) => id));
  return (
    <div className="flex h-full min-h-0 flex-col">
      {chosen.length === 0 ? null : (
        <div className="flex shrink-0 flex-wrap items-center gap-2 border-b border-line bg-sunken px-4 py-2">
          <span className="text-xs font-medium" role="status">
            {chosen.length} selected
          </span>
          <span className="ml-auto flex gap-1.5">
            <Button look="quiet" onClick={clearChosen}>
              Clear
            </Button>
            <Button onClick={() => onTogether("denied")} hotkey="D">
              Deny
            </Button>
            <Button look="approve" onClick={() => onTogether("approved")} hotkey="A">
              Approve
            </Button>
          </span>
        </div>
      )}
      {error === null || isSilence(error) ? null : (
        <p role="status" className="shrink-0 bg-warn-soft px-4 py-2 text-sm text-warn">
          The list may be old: {error.message} It is read again by itself.
        </p>
      )}
      <nav
        aria-label="What waits"
        className="min-h-0 flex-1 overflow-y-auto overscroll-contain"
        tabIndex={0}
      >
        <ul>
          {rows.map((row) => (
            <ApprovalRow
              key={row.approval.id}
              row={row}
              isRead={row.approval.id === read}
              end={row.approval.id === read ? end : null}
              isChosen={ids.has(row.approval.id)}
              onChoose={() => toggleChosen(row.approval.id)}
            />
          ))}
        </ul>
        {rows.length === 0 ? (
          <p className="p-4 text-sm text-muted">Nothing waits for a decision.</p>
        ) : null}
        {rows.length >= approvalsListed ? (
          <p className="p-4 text-sm text-muted">
            The first {approvalsListed} are listed; there may be more.
          </p>
        ) : null}
      </nav>
    </div>
  );
}
