import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, type ReactNode } from "react";

export interface VirtualRowsProps {
  readonly label: string;
  readonly count: number;
  readonly rowPx: number;
  readonly row: (index: number) => ReactNode;
  readonly keyOf: (index: number) => string;
  /** The last row came into view: more may be read. */
  readonly onEnd?: () => void;
  /** Which are in the page now, those a little outside of the view among them. */
  readonly onShown?: (first: number, last: number) => void;
  /** Where to scroll to, once. */
  readonly at?: number | null;
  /** Where it then stands; `auto`: it is moved no further than it must be. */
  readonly align?: "center" | "auto";
}

/** A list of any length: only what is seen is in the page. Rows are all of one height, so nothing jumps. */
export function VirtualRows(props: VirtualRowsProps) {
  const { label, count, rowPx, row, keyOf, onEnd, onShown, at = null, align = "center" } = props;
  const box = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count,
    getScrollElement: () => box.current,
    estimateSize: () => rowPx,
    getItemKey: keyOf,
    overscan: 12,
  });
  const shown = rows.getVirtualItems();
  const first = shown[0]?.index ?? -1;
  const last = shown.at(-1)?.index ?? -1;
  useEffect(() => {
    if (count > 0 && last >= count - 1) onEnd?.();
  }, [count, last, onEnd]);
  useEffect(() => {
    if (first >= 0) onShown?.(first, last);
  }, [first, last, onShown]);
  useEffect(() => {
    if (at !== null) rows.scrollToIndex(at, { align });
  }, [at, align, rows]);
  return (
    <div
      ref={box}
      role="list"
      aria-label={label}
      tabIndex={0}
      className="h-full min-h-0 overflow-y-auto overscroll-contain"
    >
      <div className="relative w-full" style={{ height: rows.getTotalSize() }}>
        {shown.map(({ key, index, start }) => (
          <div
            key={key}
            role="listitem"
            aria-setsize={count}
            aria-posinset={index + 1}
            className="absolute inset-x-0 top-0"
            style={{ height: rowPx, transform: `translateY(${start}px)` }}
          >
            {row(index)}
          </div>
        ))}
      </div>
    </div>
  );
}
