import { memo, useEffect, useRef, type MouseEvent, type ReactNode, type RefObject } from "react";
import { Badge } from "../../ui/badge.tsx";
import { Inert } from "../../ui/inert.tsx";
import { useNowMs } from "../../ui/now.ts";
import { Time } from "../../ui/time.tsx";
import { toCount, toMoney, toShort } from "../../words/to-amount.ts";
import { toDuration } from "../../words/to-duration.ts";
import { runStateWords } from "../../words/run-state.ts";
import type { RunRow } from "./merge-runs.ts";
import { toWhy } from "./why-words.ts";

/** One row, on a phone in two lines of the same height: the list never jumps. */
export const rowPx = 48;
/** Columns of the head and of each row. */
export const rowGrid =
  "grid grid-cols-[minmax(0,1fr)_auto] gap-x-4 md:grid-cols-[6.5rem_minmax(0,1fr)_minmax(0,15rem)_5.5rem_6.5rem_3.5rem_5rem]";

export interface RunLineProps {
  readonly run: RunRow;
  readonly isGone: boolean;
  readonly isCursor: boolean;
  /** Columns side by side; else two lines. */
  readonly isWide: boolean;
  /** The run that takes the focus as soon as its row is there. */
  readonly wanted: RefObject<string | null>;
  readonly onFocus: (id: string) => void;
  readonly onOpen: (id: string) => void;
}

/** Drawn again only when its run changes: a list that is scrolled draws what comes into view alone. */
export const RunLine = memo(function RunLine(props: RunLineProps) {
  const { run, isGone, isCursor, isWide, wanted, onFocus, onOpen } = props;
  const { id } = run;
  const link = useRef<HTMLAnchorElement>(null);
  useEffect(() => {
    if (!isCursor || wanted.current !== id) return;
    wanted.current = null;
    link.current?.focus({ preventScroll: true });
  }, [isCursor, wanted, id]);
  return (
    <a
      ref={link}
      href={`/runs/${id}`}
      data-run={id}
      onFocus={() => onFocus(id)}
      onClick={(event) => {
        if (!isPlain(event)) return;
        event.preventDefault();
        onOpen(id);
      }}
      className={`${rowGrid} h-full items-center border-b border-line px-4 hover:bg-hover focus-visible:-outline-offset-2 md:px-6 ${isCursor ? "bg-accent-soft" : ""} ${isGone ? "border-dashed" : ""}`}
    >
      {isWide ? (
        <WideCells run={run} isGone={isGone} />
      ) : (
        <>
          <About run={run}>
            <Why run={run} />
          </About>
          <Aside run={run} isGone={isGone} />
        </>
      )}
    </a>
  );
});

interface CellProps {
  readonly run: RunRow;
  readonly isGone: boolean;
}

function WideCells({ run, isGone }: CellProps) {
  const { subject, createdAt, steps, spent } = run;
  return (
    <>
      <span>
        <State run={run} isGone={isGone} />
      </span>
      <About run={run}>{subject === null ? null : <Inert text={subject} />}</About>
      <span className="truncate text-xs">
        <Why run={run} />
      </span>
      <span className="text-right text-xs text-muted">
        {createdAt === null ? "" : <Time at={createdAt} />}
      </span>
      <span className="text-right text-xs tabular-nums">
        <Took run={run} />
      </span>
      <span className="text-right text-xs tabular-nums">
        {steps === null ? "" : toCount(steps)}
      </span>
      <span className="text-right text-xs tabular-nums">
        {spent === null ? "" : toMoney(spent.money)}
      </span>
    </>
  );
}

function About({ run, children }: { readonly run: RunRow; readonly children: ReactNode }) {
  const { id, agent, parent } = run;
  return (
    <span className="min-w-0">
      <span className="flex min-w-0 items-center gap-2">
        <span className="truncate font-medium">
          {agent === null ? (
            <span className="text-muted">unknown agent</span>
          ) : (
            <Inert text={agent} />
          )}
        </span>
        {parent === null ? null : (
          <span className="shrink-0 text-2xs text-muted" title={`Asked for by ${parent}`}>
            sub-agent
          </span>
        )}
      </span>
      <span className="flex min-w-0 gap-2 text-xs text-muted">
        <span className="shrink-0 font-mono">{toShort(id)}</span>
        <span className="truncate">{children}</span>
      </span>
    </span>
  );
}

/** What a phone shows at the right. */
function Aside({ run, isGone }: CellProps) {
  const { spent, createdAt } = run;
  return (
    <span className="grid justify-items-end gap-0.5">
      <State run={run} isGone={isGone} />
      <span className="text-xs text-muted tabular-nums">
        {spent === null ? "" : `${toMoney(spent.money)} · `}
        {createdAt === null ? "" : <Time at={createdAt} />}
      </span>
    </span>
  );
}

/** With a key held, the browser opens it in a place of its own. */
function isPlain(event: MouseEvent): boolean {
  const { button, ctrlKey, metaKey, shiftKey, altKey } = event;
  return button === 0 && !ctrlKey && !metaKey && !shiftKey && !altKey;
}

function State({ run, isGone }: CellProps) {
  const { tone, meaning } = runStateWords[run.state];
  const title = isGone
    ? "It is not in this list any more; it stays until you read it anew."
    : meaning;
  return (
    <Badge tone={isGone ? "neutral" : tone} title={title}>
      {run.state === "running" && !isGone ? (
        <span className="size-1.5 animate-pulse rounded-full bg-current" />
      ) : null}
      {isGone ? <s>{run.state}</s> : run.state}
    </Badge>
  );
}

function Why({ run }: { readonly run: RunRow }) {
  const why = toWhy(run);
  if (why === null) return null;
  const isWaiting = run.state === "waiting";
  return (
    <span className={isWaiting ? "text-warn" : "text-danger"}>
      <Inert text={why} />
    </span>
  );
}

/** How long it took, or goes on by now. */
function Took({ run: { createdAt, endedAt } }: { readonly run: RunRow }) {
  const nowMs = useNowMs();
  if (createdAt === null) return null;
  const toMs = endedAt === null ? nowMs : Date.parse(endedAt);
  // To the second while it goes on, so that the column rests.
  const ms = Math.max(0, toMs - Date.parse(createdAt));
  return toDuration(endedAt === null ? Math.max(1_000, Math.floor(ms / 1_000) * 1_000) : ms);
}
