import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { Button } from "../../ui/button.tsx";
import { Empty } from "../../ui/empty.tsx";
import { FaultNotice } from "../../ui/fault-notice.tsx";
import { useHotkeys } from "../../ui/hotkeys.ts";
import { Page } from "../../ui/page.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { VirtualRows } from "../../ui/virtual-rows.tsx";
import { useWide } from "../../ui/use-wide.ts";
import { FilterBar } from "./filter-bar.tsx";
import { isFiltered, noFilter, parseFilter, toSearch, type RunFilter } from "./run-filter.ts";
import { RunLine, rowGrid, rowPx } from "./run-row.tsx";
import { SavedDialog } from "./saved-dialog.tsx";
import { StateChips } from "./state-chips.tsx";
import { useCursor } from "./use-cursor.ts";
import { useRunCounts, useRunList, type RunList } from "./use-run-list.ts";

/** What agents do and did. The filter is the address; what is on the screen stays where it is. */
export function RunsPage() {
  const search: Readonly<Record<string, unknown>> = useSearch({ strict: false });
  const address = JSON.stringify(toSearch(parseFilter(search)));
  const filter = useMemo(
    () => parseFilter(JSON.parse(address) as Record<string, unknown>),
    [address],
  );
  const [isSavedOpen, setSavedOpen] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const navigate = useNavigate();
  const change = (next: RunFilter): void =>
    void navigate({ to: "/runs", search: toSearch(next), replace: true });
  const { data: counts } = useRunCounts(filter);
  const list = useRunList(filter);
  const agents = useAgents(list, filter);
  useHotkeys([
    { keys: "/", title: "To the filter", run: () => field.current?.focus() },
    { keys: "f", title: "Saved filters", run: () => setSavedOpen(true) },
  ]);
  return (
    <Page title="Runs" fills>
      <div className="flex h-full flex-col">
        <div className="shrink-0 border-b border-line">
          <StateChips filter={filter} counts={counts} />
          <FilterBar
            filter={filter}
            agents={agents}
            field={field}
            onChange={change}
            onSaved={() => setSavedOpen(true)}
          />
        </div>
        <Rows
          key={address}
          address={address}
          list={list}
          filter={filter}
          onAll={() => change(noFilter)}
        />
      </div>
      {isSavedOpen ? <SavedDialog filter={filter} onClose={() => setSavedOpen(false)} /> : null}
    </Page>
  );
}

interface RowsProps {
  readonly address: string;
  readonly list: RunList;
  readonly filter: RunFilter;
  readonly onAll: () => void;
}

function Rows({ address, list, filter, onAll }: RowsProps) {
  const { rows, gone, isReading, error, retry, fresh, showFresh, look } = list;
  const cursor = useCursor(address, rows);
  const isWide = useWide();
  const navigate = useNavigate();
  const open = useCallback(
    (id: string) => void navigate({ to: "/runs/$id", params: { id } }),
    [navigate],
  );
  const isEmpty = rows.length === 0;
  const { count } = fresh;
  // Where nothing is read, nothing can be moved.
  useEffect(() => {
    if (isEmpty && !isReading && count > 0) showFresh();
  });
  const keyOf = useCallback((index: number) => rows[index]?.id ?? String(index), [rows]);
  if (isReading) return <Skeleton rows={12} />;
  if (isEmpty && error !== null)
    return (
      <div className="p-4 md:p-6">
        <FaultNotice error={error} onRetry={retry} />
      </div>
    );
  if (isEmpty) return <Nothing filter={filter} onAll={onAll} />;
  return (
    <div className="relative flex min-h-0 flex-1 flex-col bg-surface">
      <Head />
      {count === 0 ? null : (
        <div className="absolute inset-x-0 top-2 z-10 flex justify-center md:top-10">
          <Button
            look="accent"
            onClick={() => {
              cursor.toTop();
              showFresh();
            }}
          >
            {`${count}${fresh.isMore ? "+" : ""} new`}
          </Button>
        </div>
      )}
      <div className="min-h-0 flex-1">
        <VirtualRows
          key={cursor.round}
          label="Runs"
          count={rows.length}
          rowPx={rowPx}
          keyOf={keyOf}
          onShown={look}
          at={cursor.at}
          align="auto"
          row={(index) => {
            const run = rows[index]!;
            return (
              <RunLine
                run={run}
                isGone={gone.has(run.id)}
                isCursor={cursor.id === run.id}
                isWide={isWide}
                wanted={cursor.wanted}
                onFocus={cursor.set}
                onOpen={open}
              />
            );
          }}
        />
      </div>
      {error === null ? null : (
        <div className="shrink-0 p-3">
          <FaultNotice error={error} onRetry={retry} />
        </div>
      )}
    </div>
  );
}

function Head() {
  const titles = ["State", "Agent", "Why", "Started", "Took", "Steps", "Cost"];
  return (
    <div
      aria-hidden="true"
      className={`${rowGrid} hidden! h-8 shrink-0 items-center border-b border-line px-4 text-xs text-muted md:grid! md:px-6`}
    >
      {titles.map((title, index) => (
        <span key={title} className={index > 2 ? "text-right" : ""}>
          {title}
        </span>
      ))}
    </div>
  );
}

function Nothing({ filter, onAll }: Pick<RowsProps, "filter" | "onAll">) {
  if (!isFiltered(filter))
    return (
      <Empty title="No agent has run yet" command={'countersign run <agent> "What it is to do"'}>
        A run is one task of an agent, from its first step to its end. Each one that somebody starts
        appears here by itself, whoever started it.
      </Empty>
    );
  return (
    <Empty title="No run is like this">
      <p>
        Nothing fits all of what is chosen above. Ids are found by how they begin, agents by their
        whole name.
      </p>
      <div className="mt-4 flex justify-center">
        <Button onClick={onAll}>Show all runs</Button>
      </div>
    </Empty>
  );
}

const mostAgents = 100;

/** Those that have been seen here: a help for whoever types. */
function useAgents({ rows }: RunList, { agent }: RunFilter): readonly string[] {
  return useMemo(() => {
    const names = new Set(rows.flatMap((run) => run.agent ?? []));
    if (agent !== null) names.add(agent);
    return [...names].slice(0, mostAgents).toSorted();
  }, [rows, agent]);
}
