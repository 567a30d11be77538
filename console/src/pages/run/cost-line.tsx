import { useState } from "react";
import type { Run } from "../../../../src/client/client.ts";
import { Select } from "../../ui/field.tsx";
import { toCount, toMoney } from "../../words/to-amount.ts";
import type { CostPoint } from "./sum-costs.ts";
import { toCostPath, type Measure } from "./to-cost-path.ts";

const size = { width: 800, height: 140 };

const measures = [
  { value: "micros", title: "Money" },
  { value: "tokens", title: "Tokens" },
  { value: "calls", title: "Calls" },
] as const;

const show = (measure: Measure, value: number): string =>
  measure === "micros" ? toMoney(String(value / 1_000_000)) : toCount(value);

/** Everything spent, one thing after the other, below the cap. */
export function CostLine({
  points,
  caps,
}: {
  readonly points: readonly CostPoint[];
  readonly caps: Run["budget"]["caps"];
}) {
  const [measure, setMeasure] = useState<Measure>("micros");
  const cap = {
    micros: caps.money === null ? null : Number(caps.money) * 1_000_000,
    tokens: caps.tokens,
    calls: caps.calls,
  }[measure];
  const { d, capY } = toCostPath(points, { measure, cap, ...size });
  const spent = points.at(-1)!.sum[measure];
  const words =
    cap === null
      ? `${show(measure, spent)}, and no cap`
      : `${show(measure, spent)} of ${show(measure, cap)}${cap === 0 ? "" : ` (${Math.round((spent / cap) * 100)}%)`}`;
  return (
    <div>
      <div className="mb-3 flex flex-wrap items-center gap-3">
        <div className="w-32">
          <Select
            label="Of what"
            hideLabel
            value={measure}
            options={measures}
            onChange={setMeasure}
          />
        </div>
        <p className="text-sm tabular-nums">{words}</p>
      </div>
      <svg
        role="img"
        aria-label={`What was spent, one thing after the other: ${words}`}
        viewBox={`0 0 ${size.width} ${size.height}`}
        preserveAspectRatio="none"
        className="h-36 w-full border-b border-l border-line"
      >
        <path d={`${d}V${size.height}Z`} className="fill-accent-soft" />
        <path
          d={d}
          className="fill-none stroke-accent stroke-2"
          vectorEffect="non-scaling-stroke"
        />
        {capY === null ? null : (
          <line
            x1="0"
            x2={size.width}
            y1={capY}
            y2={capY}
            className="stroke-danger"
            strokeDasharray="6 4"
            vectorEffect="non-scaling-stroke"
          />
        )}
      </svg>
      <p className="mt-1.5 text-xs text-muted">
        From the first thing that it spent on to the last.{" "}
        {capY === null ? (cap === null ? "" : "The cap is far above.") : "Dashed: the cap."}
      </p>
    </div>
  );
}
