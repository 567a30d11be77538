import { Link } from "@tanstack/react-router";
import type { Approval } from "../../../../src/client/client.ts";
import { Badge } from "../../ui/badge.tsx";
import { InertLine } from "../../ui/inert.tsx";
import { Time } from "../../ui/time.tsx";
import { Countdown } from "./countdown.tsx";
import type { Row } from "./keep-rows.ts";

export interface ApprovalRowProps {
  readonly row: Row;
  readonly isRead: boolean;
  /** How it ended, once it is over. */
  readonly end: Approval["state"] | null;
  readonly isChosen: boolean;
  readonly onChoose: () => void;
}

/** One of what waits: what it is, who asks, and how long it still waits. */
export function ApprovalRow({ row, isRead, end, isChosen, onChoose }: ApprovalRowProps) {
  const { approval, isOver } = row;
  const { id, tool, target, server, requester, effect, labels, createdAt, expiresAt } = approval;
  return (
    <li
      className={`relative flex border-b border-line ${isRead ? "bg-accent-soft" : "hover:bg-hover"}`}
    >
      <label className="flex shrink-0 items-start py-3.5 pr-1 pl-4">
        <span className="sr-only">
          Select <InertLine text={tool ?? target} />
        </span>
        <input
          type="checkbox"
          className="size-4 accent-accent-solid"
          checked={isChosen}
          disabled={isOver}
          onChange={onChoose}
        />
      </label>
      <Link
        to="/approvals/$id"
        params={{ id }}
        data-row={id}
        aria-current={isRead ? "true" : undefined}
        className="min-w-0 flex-1 py-3 pr-4 pl-2 -outline-offset-2"
      >
        <span className="flex items-baseline gap-2">
          <span className="min-w-0 truncate font-medium">
            <InertLine text={tool ?? target} />
          </span>
          <span className="min-w-0 shrink truncate text-muted">
            <InertLine text={server} />
          </span>
          <span className="ml-auto shrink-0 pl-1 text-xs text-muted">
            {isOver ? (end ?? "over") : <Countdown at={expiresAt} />}
          </span>
        </span>
        <span className="mt-1 flex min-h-6 items-center gap-1.5 text-xs text-muted">
          <span className="min-w-0 truncate">
            <InertLine text={requester.agent ?? requester.subject} />
          </span>
          {effect === "destructive" ? <Badge tone="danger">destructive</Badge> : null}
          {labels.includes("untrusted") ? <Badge tone="warn">untrusted</Badge> : null}
          <span className="ml-auto shrink-0">
            <Time at={createdAt} />
          </span>
        </span>
      </Link>
    </li>
  );
}
