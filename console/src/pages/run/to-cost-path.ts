import type { CostPoint } from "./sum-costs.ts";

export type Measure = "micros" | "tokens" | "calls";

export interface CostPath {
  /** Of an SVG that is `width` wide and `height` high. */
  readonly d: string;
  /** Where the cap is; null: there is none, or it is far above. */
  readonly capY: number | null;
  readonly top: number;
}

export interface Drawing {
  readonly measure: Measure;
  readonly cap: number | null;
  readonly width: number;
  readonly height: number;
}

/** More corners than a screen has points say nothing more. */
const mostCorners = 600;
/** A cap that is this much above would press the line to the ground. */
const farAbove = 4;

/** What was spent up to each point, as steps: between two of them nothing was. */
export function toCostPath(points: readonly CostPoint[], drawing: Drawing): CostPath {
  const { measure, cap, width, height } = drawing;
  const spent = points.at(-1)?.sum[measure] ?? 0;
  const isNear = cap !== null && cap <= Math.max(spent, 1) * farAbove;
  const top = Math.max(1, spent, isNear ? cap : 0) * 1.08;
  const toY = (value: number): number => Math.round((height - (value / top) * height) * 10) / 10;
  const every = Math.max(1, Math.ceil(points.length / mostCorners));
  const kept = points.filter((_, index) => index % every === 0 || index === points.length - 1);
  const toX = (index: number): number => Math.round(((index + 1) / kept.length) * width * 10) / 10;
  const corners = kept.map(({ sum }, index) => `V${toY(sum[measure])}H${toX(index)}`);
  return { d: `M0 ${height}${corners.join("")}`, capY: isNear ? toY(cap) : null, top };
}
