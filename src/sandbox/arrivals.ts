/** How often something is asked for, and how many have to wait so that nobody else has to. */
export interface Arrivals {
  note(nowMs: number): void;
  noteStart(tookMs: number): void;
  /** As many as are asked for while one is started. */
  wanted(): number;
  /** Since the last one. */
  idleMs(nowMs: number): number;
}

/** What the newest gap and the newest start count. */
const newest = 0.3;
const average = (before: number | null, next: number): number =>
  before === null ? next : before + newest * (next - before);

export function createArrivals(most: number): Arrivals {
  let lastMs: number | null = null;
  let gapMs: number | null = null;
  let startMs: number | null = null;
  return {
    note: (nowMs) => {
      if (lastMs !== null) gapMs = average(gapMs, nowMs - lastMs);
      lastMs = nowMs;
    },
    noteStart: (tookMs) => {
      startMs = average(startMs, tookMs);
    },
    wanted: () => {
      if (gapMs === null || startMs === null) return Math.min(1, most);
      return Math.min(most, Math.max(1, Math.ceil(startMs / Math.max(gapMs, 1))));
    },
    idleMs: (nowMs) => (lastMs === null ? Number.POSITIVE_INFINITY : nowMs - lastMs),
  };
}
