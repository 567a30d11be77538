import { useVirtualizer } from "@tanstack/react-virtual";
import { memo, useEffect, useLayoutEffect, useRef, useState, type KeyboardEvent } from "react";
import { Badge } from "../../ui/badge.tsx";
import { InertLine } from "../../ui/inert.tsx";
import { toDuration } from "../../words/to-duration.ts";
import { toEventLine, toEventTone, type Tools } from "./event-line.ts";
import type { ShownEvent } from "./run-source.ts";

export interface EventListProps {
  readonly events: readonly ShownEvent[];
  readonly tools: Tools;
  readonly startMs: number;
  /** More come: the end is followed, unless somebody reads further up. */
  readonly isLive: boolean;
  readonly chosen: number | null;
  readonly onChoose: (seq: number) => void;
  readonly onOpen: () => void;
}

const rowPx = 32;
/** As near to the end as this is at the end. */
const nearEndPx = 48;
const idOf = (seq: number): string => `event-${seq}`;

/** Any number of events, of which those that are seen are in the page. */
export function EventList(props: EventListProps) {
  const { events, tools, startMs, isLive, chosen, onChoose, onOpen } = props;
  const box = useRef<HTMLDivElement>(null);
  const [followsEnd, setFollowsEnd] = useState(isLive && chosen === null);
  const virtual = useVirtualizer({
    count: events.length,
    getScrollElement: () => box.current,
    estimateSize: () => rowPx,
    getItemKey: (index) => events[index]!.seq,
    overscan: 12,
  });
  const at = chosen === null ? -1 : events.findIndex(({ seq }) => seq === chosen);
  useEffect(() => {
    if (at >= 0) virtual.scrollToIndex(at, { align: "auto" });
    // Where the chosen one stands moves with the filter; only another choice is scrolled to.
  }, [chosen, virtual]);
  useLayoutEffect(() => {
    if (followsEnd) box.current?.scrollTo({ top: events.length * rowPx });
  }, [followsEnd, events.length]);
  const press = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Enter" && at >= 0) onOpen();
    else if (step !== undefined && !event.ctrlKey && !event.metaKey && !event.altKey)
      onChoose(events[Math.min(events.length - 1, Math.max(0, at + step))]!.seq);
    else return;
    event.preventDefault();
  };
  const shown = virtual.getVirtualItems();
  return (
    <div className="relative min-h-0 flex-1">
      <div
        ref={box}
        role="listbox"
        aria-label="Events"
        tabIndex={0}
        aria-activedescendant={shown.some(({ index }) => index === at) ? idOf(chosen!) : undefined}
        className="h-full overflow-y-auto overscroll-contain focus-visible:-outline-offset-2"
        onKeyDown={press}
        onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) =>
          setFollowsEnd(isLive && scrollHeight - scrollTop - clientHeight < nearEndPx)
        }
      >
        <div
          role="presentation"
          className="relative w-full"
          style={{ height: virtual.getTotalSize() }}
        >
          {shown.map(({ key, index, start }) => {
            const event = events[index]!;
            return (
              <div
                key={key}
                id={idOf(event.seq)}
                role="option"
                aria-selected={event.seq === chosen}
                aria-setsize={events.length}
                aria-posinset={index + 1}
                data-seq={event.seq}
                className="absolute inset-x-0 top-0"
                style={{ height: rowPx, transform: `translateY(${start}px)` }}
                onClick={() => onChoose(event.seq)}
              >
                <EventRow
                  shown={event}
                  line={toEventLine(event, tools)}
                  sinceMs={event.event.atMs - startMs}
                  isChosen={event.seq === chosen}
                />
              </div>
            );
          })}
        </div>
      </div>
      {isLive && !followsEnd ? (
        <button
          type="button"
          className="absolute right-4 bottom-3 h-8 rounded-full border border-line-strong bg-raised px-3 text-sm shadow-lg hover:bg-hover"
          onClick={() => setFollowsEnd(true)}
        >
          Follow the end ↓
        </button>
      ) : null}
    </div>
  );
}

const EventRow = memo(function EventRow(props: {
  readonly shown: ShownEvent;
  readonly line: string;
  readonly sinceMs: number;
  readonly isChosen: boolean;
}) {
  const { shown, line, sinceMs, isChosen } = props;
  return (
    <div
      className={`flex h-full cursor-pointer items-center gap-3 px-4 text-sm md:px-6 ${isChosen ? "bg-accent-soft" : "hover:bg-hover"}`}
    >
      <span className="w-9 shrink-0 text-right text-xs text-muted tabular-nums">{shown.seq}</span>
      <span className="hidden w-20 shrink-0 text-right text-xs text-muted tabular-nums md:block">
        +{toDuration(Math.max(0, sinceMs))}
      </span>
      <span className="w-32 shrink-0 truncate md:w-44">
        <Badge tone={toEventTone(shown)}>
          <InertLine text={shown.event.type} />
        </Badge>
      </span>
      <span className="min-w-0 flex-1 truncate">
        <InertLine text={line} />
      </span>
    </div>
  );
});
