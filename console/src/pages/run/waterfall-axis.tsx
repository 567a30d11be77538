import { useMemo, type ReactNode } from "react";
import { toDuration } from "../../words/to-duration.ts";
import { listPauses, listTicks } from "./list-ticks.ts";
import { waterfallColumns } from "./waterfall-row.tsx";
import type { Waterfall } from "./waterfall.ts";

/** Time from left to right, above the rows and through them. What is hatched was longer, and empty. */
export function WaterfallAxis({
  waterfall,
  children,
}: {
  readonly waterfall: Waterfall;
  readonly children: ReactNode;
}) {
  const ticks = useMemo(() => listTicks(waterfall), [waterfall]);
  const pauses = useMemo(() => listPauses(waterfall), [waterfall]);
  return (
    <div className="relative flex min-h-0 flex-1 flex-col">
      <div
        className={`${waterfallColumns} h-7 shrink-0 overflow-hidden border-b [scrollbar-gutter:stable] border-line text-2xs text-muted`}
      >
        <span className="truncate pl-4 max-md:invisible md:pl-6">
          {pauses.length === 0 ? "" : "Hatched: time without work, shortened"}
        </span>
        <span />
        <span className="relative block h-full overflow-hidden">
          {ticks.map(({ left, ms }) => (
            <span
              key={ms}
              className={`absolute bottom-1 border-l border-line-strong pl-1 whitespace-nowrap tabular-nums ${ms === 0 ? "" : "max-md:hidden"}`}
              style={{ left: `${left * 100}%` }}
            >
              {ms === 0 ? "0" : toDuration(ms)}
            </span>
          ))}
        </span>
      </div>
      <div
        className={`${waterfallColumns} pointer-events-none absolute inset-x-0 top-7 bottom-0 overflow-hidden [scrollbar-gutter:stable]`}
      >
        <span />
        <span />
        <span className="relative block h-full">
          {ticks.map(({ left, ms }) => (
            <span
              key={ms}
              className="absolute inset-y-0 border-l border-line"
              style={{ left: `${left * 100}%` }}
            />
          ))}
          {pauses.map(({ left, width, ms }) => (
            <span
              key={left}
              title={`${toDuration(ms)} without work`}
              className="pointer-events-auto absolute inset-y-0 bg-[repeating-linear-gradient(135deg,var(--color-line)_0_2px,transparent_2px_6px)]"
              style={{ left: `${left * 100}%`, width: `${width * 100}%` }}
            />
          ))}
        </span>
      </div>
      {children}
    </div>
  );
}
