import { Link } from "@tanstack/react-router";
import { useRoleReason } from "../../shell/use-session.ts";
import { Badge } from "../../ui/badge.tsx";
import { Empty } from "../../ui/empty.tsx";
import { FaultNotice } from "../../ui/fault-notice.tsx";
import { Inert } from "../../ui/inert.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { Time } from "../../ui/time.tsx";
import { VirtualRows } from "../../ui/virtual-rows.tsx";
import { entryKinds, toKindWords, toOutcomeTone, toOutcomeWord } from "./entry-words.ts";
import { useEntries, type Entries, type EntrySummary } from "./use-entries.ts";

const rowPx = 52;

/** Every entry of the log, the latest first. */
export function EntriesTab({ kind }: { readonly kind: string | null }) {
  const reason = useRoleReason("admin", "auditor");
  const entries = useEntries(reason === null);
  if (reason !== null) return <p className="p-6 text-sm text-muted">{reason}</p>;
  if (!entries.isRead && entries.error !== null)
    return (
      <div className="p-4 md:p-6">
        <FaultNotice error={entries.error} onRetry={entries.readAgain} />
      </div>
    );
  if (!entries.isRead) return <Skeleton rows={10} />;
  if (entries.list.length === 0)
    return (
      <Empty title="Nothing was recorded yet" command="countersign tools call TOOL '{…}'">
        Each call that the gate carries out or refuses leaves entries here: what was meant, who
        agreed, how it ended. They are signed within a second.
      </Empty>
    );
  return <EntryList entries={entries} kind={kind} />;
}

function EntryList({ entries, kind }: { readonly entries: Entries; readonly kind: string | null }) {
  const shown = kind === null ? entries.list : entries.list.filter((entry) => entry.kind === kind);
  return (
    <div className="flex h-full min-h-0 flex-col">
      <div className="flex shrink-0 items-center gap-2 overflow-x-auto border-b border-line px-4 py-2 md:px-6">
        <Filter kind={kind} />
        {entries.newer > 0 ? (
          <button
            type="button"
            className="ml-auto shrink-0 rounded-full bg-accent-soft px-3 py-1 text-xs font-medium text-accent"
            onClick={entries.readAgain}
          >
            {entries.newer} newer: show
          </button>
        ) : null}
      </div>
      {shown.length === 0 ? (
        <Empty title={`No ${kind ?? ""} among the latest ${entries.list.length} entries`}>
          {entries.hasMore ? (
            <button type="button" className="text-accent underline" onClick={entries.readMore}>
              Look further back
            </button>
          ) : (
            "These are all that there are."
          )}
        </Empty>
      ) : (
        <div className="min-h-0 flex-1">
          <VirtualRows
            label="Entries"
            count={shown.length}
            rowPx={rowPx}
            keyOf={(index) => shown[index]!.id}
            row={(index) => <EntryRow entry={shown[index]!} />}
            onEnd={entries.readMore}
          />
        </div>
      )}
    </div>
  );
}

function Filter({ kind }: { readonly kind: string | null }) {
  const look = (isOn: boolean): string =>
    `shrink-0 rounded-full px-2.5 py-1 text-xs ${isOn ? "bg-ink text-canvas" : "text-muted hover:bg-hover hover:text-ink"}`;
  return (
    <nav aria-label="Kinds of entries" className="flex gap-1">
      {[null, ...entryKinds].map((name) => (
        <Link
          key={name ?? "all"}
          to="/ledger"
          search={name === null ? {} : { kind: name }}
          aria-current={name === kind ? "true" : undefined}
          className={look(name === kind)}
        >
          {name === null ? "All" : toKindWords(name).title}
        </Link>
      ))}
    </nav>
  );
}

function EntryRow({ entry }: { readonly entry: EntrySummary }) {
  const { title, tone, means, leads } = toKindWords(entry.kind);
  const look =
    "grid h-full grid-cols-[5.5rem_minmax(0,1fr)_auto] items-center gap-3 border-b border-line px-4 text-sm md:grid-cols-[4rem_6.5rem_minmax(0,1fr)_9rem_6rem] md:px-6";
  const cells = (
    <>
      <span className="hidden text-right font-mono text-xs text-muted tabular-nums md:block">
        {entry.index ?? "waits"}
      </span>
      <span>
        <Badge tone={tone} title={means}>
          {title}
        </Badge>
      </span>
      <span className="min-w-0 truncate">
        {entry.server === null ? (
          <span className="text-muted">{means}</span>
        ) : (
          <>
            <span className="text-muted">
              <Inert text={entry.server} /> ·{" "}
            </span>
            <Inert text={entry.tool ?? "no tool"} />
          </>
        )}
      </span>
      <span className="hidden md:block">
        <OutcomeBadge outcome={entry.outcome} />
      </span>
      <span className="text-right text-xs text-muted">
        <span className="mb-0.5 block md:hidden">
          <OutcomeBadge outcome={entry.outcome} />
        </span>
        <Time at={entry.at} />
      </span>
    </>
  );
  if (!leads) return <div className={look}>{cells}</div>;
  return (
    <Link to={`/receipts/${entry.id}`} className={`${look} hover:bg-hover`}>
      {cells}
    </Link>
  );
}

function OutcomeBadge({ outcome }: { readonly outcome: string | null }) {
  if (outcome === null) return null;
  return <Badge tone={toOutcomeTone(outcome)}>{toOutcomeWord(outcome)}</Badge>;
}
