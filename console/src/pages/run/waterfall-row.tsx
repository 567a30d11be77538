import { memo } from "react";
import type { TimeScale } from "../../../../src/lib/time-scale.ts";
import { InertLine } from "../../ui/inert.tsx";
import { toDuration } from "../../words/to-duration.ts";
import { toFailureWord, toSpanLabel, type SpanKind } from "./span-label.ts";
import { toExtent, type WaterfallRow as Row } from "./waterfall.ts";

/** Name, duration, bar: the axis above stands in the same columns. */
export const waterfallColumns =
  "grid grid-cols-[minmax(0,1fr)_4.5rem_32%] items-center gap-x-2 pr-3 md:grid-cols-[minmax(0,16rem)_5.5rem_minmax(0,1fr)] md:gap-x-3 2xl:grid-cols-[minmax(0,24rem)_5.5rem_minmax(0,1fr)] md:pr-6";

export const kindLooks = {
  model: { solid: "bg-accent", soft: "bg-accent/25", word: "model" },
  tool: { solid: "bg-ok", soft: "bg-ok/25", word: "tool" },
  agent: { solid: "bg-line-strong", soft: "bg-line-strong", word: "agent" },
  wait: { solid: "bg-warn/60", soft: "bg-warn/60", word: "wait" },
  other: { solid: "bg-muted", soft: "bg-muted", word: "step" },
} as const satisfies Record<SpanKind, { solid: string; soft: string; word: string }>;

export interface WaterfallRowProps {
  readonly row: Row;
  readonly scale: TimeScale;
  readonly isFolded: boolean;
  readonly isSelected: boolean;
  readonly onFold: (id: string) => void;
}

/** One span: what it was, how long it took, and when. */
export const WaterfallRow = memo(function WaterfallRow(props: WaterfallRowProps) {
  const { row, scale, isFolded, isSelected, onFold } = props;
  const { span, depth, below, kind, fromMs, toMs } = row;
  const look = isSelected ? "bg-accent-soft" : "hover:bg-hover";
  return (
    <div className={`${waterfallColumns} h-full cursor-pointer text-sm ${look}`}>
      <span
        className="flex min-w-0 items-center gap-1.5 pl-1"
        style={{ paddingLeft: `${0.25 + Math.min(depth, 12) * 0.875}rem` }}
      >
        {below === 0 ? (
          <span className="w-5 shrink-0" />
        ) : (
          // The keys that fold are the tree's own; this is for whoever points.
          <span
            aria-hidden="true"
            className="flex h-6 w-5 shrink-0 items-center justify-center text-muted hover:text-ink"
            onClick={(event) => {
              event.stopPropagation();
              onFold(span.id);
            }}
          >
            {isFolded ? "▸" : "▾"}
          </span>
        )}
        <span
          aria-hidden="true"
          className={`size-2 shrink-0 rounded-sm ${kindLooks[kind].solid}`}
        />
        <span className={`truncate ${span.error ? "font-medium text-danger" : ""}`}>
          <span className="sr-only">{kindLooks[kind].word}: </span>
          <InertLine text={toSpanLabel(span)} />
        </span>
        {span.error ? (
          <span className="shrink-0 text-2xs text-danger">{toFailureWord(span)}</span>
        ) : null}
        {isFolded ? <span className="shrink-0 text-2xs text-muted">+{below}</span> : null}
      </span>
      <span className="text-right text-xs text-muted tabular-nums">
        {span.end === null && kind !== "wait"
          ? `${toDuration(toMs - fromMs)} …`
          : toDuration(toMs - fromMs)}
      </span>
      <Bar row={row} scale={scale} />
    </div>
  );
});

/** From when it was begun to its end, and solid where something was done. */
function Bar({ row, scale }: { readonly row: Row; readonly scale: TimeScale }) {
  const { span, kind, fromMs, toMs, work } = row;
  const whole = toExtent(scale, fromMs, toMs);
  const looks = kindLooks[kind];
  const isThin = kind === "agent" || kind === "other";
  return (
    <span aria-hidden="true" className="relative block h-full">
      <Stripe
        extent={whole}
        look={`${span.error && work === null ? "bg-danger/50" : looks.soft} ${isThin ? "h-1" : "h-3"}`}
      />
      {work === null ? null : (
        <Stripe
          extent={toExtent(scale, work.fromMs, work.toMs)}
          look={`${span.error ? "bg-danger" : looks.solid} h-3`}
        />
      )}
    </span>
  );
}

function Stripe({
  extent,
  look,
}: {
  readonly extent: { readonly left: number; readonly width: number };
  readonly look: string;
}) {
  return (
    <span
      className={`absolute top-1/2 min-w-0.5 -translate-y-1/2 rounded-xs ${look}`}
      style={{ left: `${Math.min(extent.left, 0.998) * 100}%`, width: `${extent.width * 100}%` }}
    />
  );
}
