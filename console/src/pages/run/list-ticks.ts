import { toDuration } from "../../words/to-duration.ts";
import { toExtent, type Extent, type Waterfall } from "./waterfall.ts";

export interface Tick {
  /** Share of the whole width. */
  readonly left: number;
  /** Since the beginning. */
  readonly ms: number;
}

export interface Pause extends Extent {
  readonly ms: number;
}

const wantedTicks = 6;
/** Of a letter, where there is little room: two labels that are nearer would touch. */
const letterShare = 0.02;
const steps = [1, 2, 5, 10, 20, 50, 100, 200, 500].concat(
  [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 21_600].map(
    (seconds) => seconds * 1_000,
  ),
);

function toShare(ms: number): number {
  return (toDuration(ms).length + 2) * letterShare;
}

/** Round times since the beginning, where something was done. */
export function listTicks({ scale, startMs }: Waterfall): readonly Tick[] {
  const busy = scale.pieces.filter(({ isIdle }) => !isIdle);
  const shownMs = busy.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
  const step = steps.find((each) => each * wantedTicks >= shownMs) ?? steps.at(-1)!;
  const ticks: Tick[] = [{ left: 0, ms: 0 }];
  for (const { fromMs, toMs } of busy) {
    const first = Math.max(1, Math.ceil((fromMs - startMs) / step));
    const last = Math.min(first + wantedTicks * 2, Math.floor((toMs - startMs) / step));
    for (let at = first; at <= last; at += 1) {
      const ms = at * step;
      const { left } = toExtent(scale, startMs + ms, startMs + ms);
      const before = ticks.at(-1)!;
      const isFree = left - before.left >= toShare(before.ms);
      // One that would stand outside is none.
      if (isFree && left + toShare(ms) <= 1) ticks.push({ left, ms });
    }
  }
  return ticks;
}

export function listPauses({ scale }: Waterfall): readonly Pause[] {
  return scale.pieces.flatMap(({ isIdle, fromMs, toMs }) =>
    isIdle ? [{ ...toExtent(scale, fromMs, toMs), ms: toMs - fromMs }] : [],
  );
}
