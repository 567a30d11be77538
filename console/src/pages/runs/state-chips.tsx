import { Link } from "@tanstack/react-router";
import type { RunCounts } from "../../../../src/client/client.ts";
import type { RunState } from "../../../../src/model/run-states.ts";
import { runStateWords } from "../../words/run-state.ts";
import { toCount } from "../../words/to-amount.ts";
import { toSearch, type RunFilter } from "./run-filter.ts";

/** What somebody may have to do something about comes first. */
const order: readonly RunState[] = [
  "running",
  "waiting",
  "queued",
  "paused",
  "stopped",
  "partial",
  "parked",
  "failed",
  "completed",
  "cancelled",
];

export interface StateChipsProps {
  readonly filter: RunFilter;
  readonly counts: RunCounts | undefined;
}

/** One of the states, or all of them; each says how many there are now. */
export function StateChips({ filter, counts }: StateChipsProps) {
  const all =
    counts === undefined ? null : order.reduce((sum, state) => sum + counts.states[state]!, 0);
  const isOver = counts?.cut === true;
  return (
    <nav aria-label="States" className="flex gap-1 overflow-x-auto px-4 py-2 md:px-6">
      <Chip filter={{ ...filter, state: null }} isChosen={filter.state === null} title="All">
        {all === null ? "" : `${toCount(all)}${isOver ? "+" : ""}`}
      </Chip>
      {order.map((state) => {
        const count = counts?.states[state] ?? 0;
        const isFull = isOver && count >= (counts?.most ?? 0);
        const isLoud = count > 0 && runStateWords[state].tone === "danger" && state !== "failed";
        return (
          <Chip
            key={state}
            filter={{ ...filter, state }}
            isChosen={filter.state === state}
            title={`${state[0]!.toUpperCase()}${state.slice(1)}`}
            hint={runStateWords[state].meaning}
            isLoud={isLoud}
          >
            {counts === undefined ? "" : `${toCount(count)}${isFull ? "+" : ""}`}
          </Chip>
        );
      })}
    </nav>
  );
}

interface ChipProps {
  readonly filter: RunFilter;
  readonly isChosen: boolean;
  readonly title: string;
  readonly hint?: string;
  /** Something there wants to be looked at. */
  readonly isLoud?: boolean;
  readonly children: string;
}

function Chip({ filter, isChosen, title, hint, isLoud = false, children }: ChipProps) {
  return (
    <Link
      to="/runs"
      search={toSearch(filter)}
      replace
      title={hint}
      activeOptions={{ exact: true }}
      className={`flex h-7 shrink-0 items-center gap-1.5 rounded-full border px-2.5 text-xs ${
        isChosen
          ? "border-accent bg-accent-soft font-medium text-accent"
          : "border-line text-muted hover:border-line-strong hover:text-ink"
      }`}
    >
      {title}
      <span className={`min-w-2 tabular-nums ${isLoud ? "font-semibold text-danger" : ""}`}>
        {children}
      </span>
    </Link>
  );
}
