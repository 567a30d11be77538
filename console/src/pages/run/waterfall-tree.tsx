import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, type KeyboardEvent } from "react";
import { WaterfallRow } from "./waterfall-row.tsx";
import type { Waterfall, WaterfallRow as Row } from "./waterfall.ts";
import { findMove } from "./waterfall-keys.ts";

export interface WaterfallTreeProps {
  readonly waterfall: Waterfall;
  readonly rows: readonly Row[];
  readonly folded: ReadonlySet<string>;
  readonly selected: string | null;
  readonly onSelect: (id: string) => void;
  readonly onHover: (id: string | null) => void;
  readonly onFold: (id: string) => void;
  /** Enter: to what is said of the selected one. */
  readonly onOpen: () => void;
}

const rowPx = 30;
const idOf = (span: string): string => `span-${span}`;

/** What is said of the selected row comes up over the lower rows, where there is little room. */
function toCoveredPx(box: HTMLElement | null): number {
  if (box === null || matchMedia("(min-width: 64rem)").matches) return 0;
  return Math.max(0, box.clientHeight - rowPx * 3);
}

/** The rows as a tree with keys of its own. Only those that are seen are in the page. */
export function WaterfallTree(props: WaterfallTreeProps) {
  const { waterfall, rows, folded, selected, onSelect, onHover, onFold, onOpen } = props;
  const box = useRef<HTMLDivElement>(null);
  const coveredPx = selected === null ? 0 : toCoveredPx(box.current);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => rowPx,
    getItemKey: (index) => rows[index]!.span.id,
    overscan: 10,
    paddingEnd: coveredPx,
    scrollPaddingEnd: coveredPx,
  });
  const at = selected === null ? -1 : rows.findIndex(({ span }) => span.id === selected);
  useEffect(() => {
    if (at >= 0) virtual.scrollToIndex(at, { align: "auto" });
  }, [at, virtual]);
  const press = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Enter" && at >= 0) {
      event.preventDefault();
      return onOpen();
    }
    const move = findMove(event.key, { rows, folded, at });
    if (move === null) return;
    event.preventDefault();
    if (move.kind === "fold") onFold(move.id);
    else onSelect(move.id);
  };
  const shown = virtual.getVirtualItems();
  const isShown = shown.some(({ index }) => index === at);
  return (
    <div
      ref={box}
      role="tree"
      aria-label="Spans"
      tabIndex={0}
      aria-activedescendant={isShown && selected !== null ? idOf(selected) : undefined}
      className="min-h-0 flex-1 overflow-y-auto overscroll-contain [scrollbar-gutter:stable] focus-visible:-outline-offset-2"
      onKeyDown={press}
      onMouseLeave={() => onHover(null)}
    >
      <div
        role="presentation"
        className="relative w-full"
        style={{ height: virtual.getTotalSize() }}
      >
        {shown.map(({ key, index, start }) => {
          const row = rows[index]!;
          const { span } = row;
          return (
            <div
              key={key}
              id={idOf(span.id)}
              role="treeitem"
              aria-level={row.depth + 1}
              aria-expanded={row.below === 0 ? undefined : !folded.has(span.id)}
              aria-selected={span.id === selected}
              className="absolute inset-x-0 top-0"
              style={{ height: rowPx, transform: `translateY(${start}px)` }}
              onClick={() => onSelect(span.id)}
              onMouseEnter={() => onHover(span.id)}
            >
              <WaterfallRow
                row={row}
                scale={waterfall.scale}
                isFolded={folded.has(span.id)}
                isSelected={span.id === selected}
                onFold={onFold}
              />
            </div>
          );
        })}
      </div>
    </div>
  );
}
