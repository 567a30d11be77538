import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef } from "react";
import { Empty } from "../../ui/empty.tsx";
import { FaultNotice } from "../../ui/fault-notice.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { TurnView } from "./conversation-turn.tsx";
import { toConversation, type Turn } from "./conversation.ts";
import type { RunSource } from "./run-source.ts";
import type { RunTabProps } from "./run-tab.ts";
import { useRunLog } from "./use-run-log.ts";
import { useStep } from "./use-search-state.ts";

/** What was said, by whom, and what came of it. */
export function ConversationTab({ source, run }: RunTabProps) {
  const { log, error, retry } = useRunLog(source, run);
  const turns = useMemo(() => toConversation(log?.events ?? []), [log]);
  if (log === undefined && error === null) return <Skeleton rows={10} />;
  return (
    <div className="flex h-full min-h-0 flex-col">
      {error === null ? null : (
        <div className="p-4">
          <FaultNotice error={error} onRetry={retry} />
        </div>
      )}
      {turns.length === 0 ? (
        <Empty title="Nobody has said anything yet.">
          What the agent is told, what its model answers and what its tools return stands here.
        </Empty>
      ) : (
        <Turns source={source} turns={turns} />
      )}
    </div>
  );
}

/** As high as most are, until they are measured. */
const estimatedPx = 120;

function Turns({ source, turns }: { readonly source: RunSource; readonly turns: readonly Turn[] }) {
  const box = useRef<HTMLDivElement>(null);
  const step = useStep();
  const virtual = useVirtualizer({
    count: turns.length,
    getScrollElement: () => box.current,
    estimateSize: (index) => (turns[index]!.kind === "note" ? 28 : estimatedPx),
    getItemKey: (index) => turns[index]!.seq + turns[index]!.kind,
    overscan: 4,
    gap: 12,
    paddingStart: 16,
    paddingEnd: 24,
  });
  const at =
    step === null ? -1 : turns.findIndex((turn) => turn.kind === "model" && turn.step === step);
  const wholePx = virtual.getTotalSize();
  const soughtAt = useRef(at);
  useEffect(() => {
    soughtAt.current = at;
  }, [at]);
  useEffect(() => {
    // Texts come one after the other and move it, until somebody scrolls by themselves.
    if (soughtAt.current >= 0) virtual.scrollToIndex(soughtAt.current, { align: "start" });
  }, [at, wholePx, virtual]);
  const letGo = (): void => {
    soughtAt.current = -1;
  };
  return (
    <div
      ref={box}
      role="list"
      aria-label="Conversation"
      tabIndex={0}
      className="min-h-0 flex-1 overflow-y-auto overscroll-contain focus-visible:-outline-offset-2"
      onWheel={letGo}
      onTouchMove={letGo}
      onPointerDown={letGo}
      onKeyDown={letGo}
    >
      <div role="presentation" className="relative mx-auto max-w-4xl" style={{ height: wholePx }}>
        {virtual.getVirtualItems().map(({ key, index, start }) => (
          <div
            key={key}
            ref={virtual.measureElement}
            data-index={index}
            role="listitem"
            aria-setsize={turns.length}
            aria-posinset={index + 1}
            className={`absolute inset-x-0 top-0 px-4 md:px-6 ${index === at ? "[&_article]:ring-2 [&_article]:ring-accent" : ""}`}
            style={{ transform: `translateY(${start}px)` }}
          >
            <TurnView source={source} turn={turns[index]!} startMs={turns[0]!.atMs} />
          </div>
        ))}
      </div>
    </div>
  );
}
