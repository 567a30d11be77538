import { useCallback, useDeferredValue, useMemo, useRef, useState } from "react";
import type { Run } from "../../../../src/client/client.ts";
import { Badge } from "../../ui/badge.tsx";
import { Empty } from "../../ui/empty.tsx";
import { FaultNotice } from "../../ui/fault-notice.tsx";
import { SidePanel } from "../../ui/side-panel.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { EventFilters } from "./event-filters.tsx";
import { EventList } from "./event-list.tsx";
import { EventPanel } from "./event-panel.tsx";
import { listTools } from "./event-line.ts";
import { countTypes, filterEvents } from "./filter-events.ts";
import { mostEvents, type RunLog } from "./read-log.ts";
import { isOver } from "./run-queries.ts";
import type { RunSource } from "./run-source.ts";
import type { RunTabProps } from "./run-tab.ts";
import { useRunLog } from "./use-run-log.ts";
import { useSearchState } from "./use-search-state.ts";

/** The log of the run, which everything else on this page is made from. */
export function EventsTab({ source, run }: RunTabProps) {
  const { log, error, retry } = useRunLog(source, run);
  if (log === undefined && error === null) return <Skeleton rows={12} />;
  return (
    <div className="flex h-full min-h-0 flex-col">
      {error === null ? null : (
        <div className="p-4">
          <FaultNotice error={error} onRetry={retry} />
        </div>
      )}
      {log === undefined ? null : <Log source={source} run={run} log={log} />}
    </div>
  );
}

interface LogProps {
  readonly source: RunSource;
  readonly run: Run;
  readonly log: RunLog;
}

function Log({ source, run, log }: LogProps) {
  const { events } = log;
  const [chosen, choose] = useSearchState("event");
  const [type, setType] = useSearchState("type");
  const [text, setText] = useState("");
  const sought = useDeferredValue(text);
  const panel = useRef<HTMLElement>(null);
  const tools = useMemo(() => listTools(events), [events]);
  const types = useMemo(() => countTypes(events), [events]);
  const shown = useMemo(
    () => filterEvents(events, { type: type ?? "", text: sought }, tools),
    [events, type, sought, tools],
  );
  const found = chosen === null ? undefined : events.find(({ seq }) => String(seq) === chosen);
  const close = useCallback(() => choose(null), [choose]);
  const isLive = !isOver(source, run);
  return (
    <div
      className="relative flex min-h-0 flex-1"
      onKeyDown={(event) => {
        if (event.key === "Escape" && chosen !== null) close();
      }}
    >
      <div className="flex min-w-0 flex-1 flex-col">
        <EventFilters
          types={types}
          type={type ?? ""}
          text={text}
          counted={`${shown.length.toLocaleString("en")} of ${events.length.toLocaleString("en")}`}
          onType={(next) => setType(next === "" ? null : next)}
          onText={setText}
        >
          {isLive ? <Badge tone="info">live</Badge> : null}
          {log.isCut ? (
            <Badge tone="warn" title="countersign runs export has all of them.">
              the first {mostEvents.toLocaleString("en")} are shown
            </Badge>
          ) : null}
        </EventFilters>
        {shown.length === 0 ? (
          <Empty title="No event is like that.">
            Choose another type, or look for other words.
          </Empty>
        ) : (
          <EventList
            events={shown}
            tools={tools}
            startMs={events[0]!.event.atMs}
            isLive={isLive}
            chosen={found?.seq ?? null}
            onChoose={(seq) => choose(String(seq))}
            onOpen={() => panel.current?.focus()}
          />
        )}
      </div>
      <SidePanel label="The chosen event" isOpen={found !== undefined} box={panel}>
        {found === undefined ? (
          <p className="p-4 text-sm text-muted">
            Choose an event to see it as it stands in the log. Texts are not in it: it names them by
            their digests, and the conversation shows them.
          </p>
        ) : (
          <EventPanel shown={found} onClose={close} />
        )}
      </SidePanel>
    </div>
  );
}
