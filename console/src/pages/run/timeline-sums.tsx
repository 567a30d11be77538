import { InertLine } from "../../ui/inert.tsx";
import { toDuration } from "../../words/to-duration.ts";
import { toSpanLabel } from "./span-label.ts";
import { kindLooks } from "./waterfall-row.tsx";
import type { Waterfall } from "./waterfall.ts";

export interface TimelineSumsProps {
  readonly waterfall: Waterfall;
  readonly isCut: boolean;
  readonly onReveal: (id: string) => void;
}

const sums = [
  { kind: "model", title: "models" },
  { kind: "tool", title: "tools" },
  { kind: "wait", title: "waiting" },
] as const;

/** Where the time went, and the one call that took the most of it. */
export function TimelineSums({ waterfall, isCut, onReveal }: TimelineSumsProps) {
  const { slowest } = waterfall;
  return (
    <div className="flex min-h-11 shrink-0 flex-wrap items-center gap-x-4 gap-y-1 border-b border-line px-3 py-1.5 text-xs md:px-6">
      {slowest === null ? null : (
        <button
          type="button"
          className="flex h-8 max-w-full min-w-0 items-center gap-2 rounded-md border border-line-strong bg-raised px-3 text-sm hover:bg-hover"
          onClick={() => onReveal(slowest.row.span.id)}
        >
          <span className="text-muted">Slowest</span>
          <span className="truncate font-medium">
            <InertLine text={toSpanLabel(slowest.row.span)} />
          </span>
          <span className="shrink-0 font-medium tabular-nums">{toDuration(slowest.ms)}</span>
          <span className="hidden shrink-0 text-muted tabular-nums 2xl:inline">
            {Math.round(slowest.share * 100)}% of the work
          </span>
        </button>
      )}
      <span className="flex flex-wrap gap-x-4">
        {sums.map(({ kind, title }) => (
          <span key={kind} className="flex items-center gap-1.5 text-muted">
            <span aria-hidden="true" className={`size-2 rounded-sm ${kindLooks[kind].solid}`} />
            {title}{" "}
            <span className="text-ink tabular-nums">{toDuration(waterfall.sums[kind])}</span>
          </span>
        ))}
      </span>
      {isCut ? (
        <span className="text-warn">
          Cut: it is too long to be shown whole, or a sub-agent cannot be read.
        </span>
      ) : null}
    </div>
  );
}
