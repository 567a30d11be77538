import { useMemo, useRef, useState } from "react";
import type { Run, RunTrace } from "../../../../src/client/client.ts";
import { useNowMs } from "../../ui/now.ts";
import { SidePanel } from "../../ui/side-panel.tsx";
import { isOver } from "./run-queries.ts";
import type { RunSource } from "./run-source.ts";
import { SpanPanel } from "./span-panel.tsx";
import { TimelineSums } from "./timeline-sums.tsx";
import { useSearchState } from "./use-search-state.ts";
import { WaterfallAxis } from "./waterfall-axis.tsx";
import { WaterfallTree } from "./waterfall-tree.tsx";
import { listAbove, listUnfolded, toWaterfall } from "./waterfall.ts";

export interface TimelineProps {
  readonly source: RunSource;
  readonly run: Run;
  readonly trace: RunTrace;
}

/** The time of a run as it went, and one span of it in words. */
export function Timeline({ source, run, trace }: TimelineProps) {
  const [selected, select] = useSearchState("span");
  const [hovered, setHovered] = useState<string | null>(null);
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set());
  const panel = useRef<HTMLElement>(null);
  const nowMs = useNowMs();
  const untilMs =
    !isOver(source, run) && trace.spans.some(({ end }) => end === null) ? nowMs : null;
  const waterfall = useMemo(() => toWaterfall(trace.spans, untilMs), [trace.spans, untilMs]);
  const rows = useMemo(() => listUnfolded(waterfall.rows, folded), [waterfall.rows, folded]);
  const find = (id: string | null) =>
    id === null ? undefined : waterfall.rows.find(({ span }) => span.id === id);
  const chosen = find(selected);
  const shown = chosen ?? find(hovered);
  const reveal = (id: string): void => {
    const above = new Set(listAbove(waterfall.rows, id));
    setFolded((before) => new Set([...before].filter((each) => !above.has(each))));
    select(id);
  };
  const fold = (id: string): void =>
    setFolded(
      (before) =>
        new Set(before.has(id) ? [...before].filter((each) => each !== id) : [...before, id]),
    );
  const close = (): void => select(null);
  return (
    <div
      className="relative flex h-full min-h-0"
      onKeyDown={(event) => {
        if (event.key === "Escape" && selected !== null) close();
      }}
    >
      <div className="flex min-w-0 flex-1 flex-col">
        <TimelineSums waterfall={waterfall} isCut={trace.cut} onReveal={reveal} />
        <WaterfallAxis waterfall={waterfall}>
          <WaterfallTree
            waterfall={waterfall}
            rows={rows}
            folded={folded}
            selected={selected}
            onSelect={select}
            onHover={setHovered}
            onFold={fold}
            onOpen={() => panel.current?.focus()}
          />
        </WaterfallAxis>
      </div>
      <SidePanel label="The selected span" isOpen={chosen !== undefined} box={panel}>
        {shown === undefined ? (
          <p className="p-4 text-sm text-muted">
            Choose a row to see what it was, what it cost, and where to go on. Arrow keys move and
            fold, Enter comes here, Escape lets go.
          </p>
        ) : (
          <SpanPanel
            row={shown}
            startMs={waterfall.startMs}
            run={run.id}
            isLive={source.isLive}
            onClose={chosen === undefined ? null : close}
          />
        )}
      </SidePanel>
    </div>
  );
}
