import type { Clock } from "../ports/clock.ts";
import type { CostRows, CostSums } from "../ports/cost-rows.ts";

/** So that adding up takes a tenth of Postgres at most, however many consoles stand open. */
const keptTimes = 10;
/** What is read more quickly is read anew each time. */
const quickMs = 50;

interface Read {
  readonly sums: Promise<CostSums>;
  untilMs: number;
}

/** Who asks while the same is added up waits for that, and sums that took long are kept for a while. */
export function shareSums(
  rows: Pick<CostRows, "read">,
  clock: Pick<Clock, "monotonicMs">,
): CostRows["read"] {
  const reads = new Map<string, Read>();
  return (tenant, range) => {
    const beganMs = clock.monotonicMs();
    for (const [key, { untilMs }] of reads) if (untilMs <= beganMs) reads.delete(key);
    const key = `${range.fromDay} ${range.toDay} ${range.mostRows} ${tenant}`;
    const known = reads.get(key);
    if (known !== undefined) return known.sums;
    const read: Read = { sums: rows.read(tenant, range), untilMs: Number.POSITIVE_INFINITY };
    reads.set(key, read);
    read.sums.then(
      () => {
        const tookMs = clock.monotonicMs() - beganMs;
        if (tookMs < quickMs) reads.delete(key);
        else read.untilMs = beganMs + (1 + keptTimes) * tookMs;
      },
      () => reads.delete(key),
    );
    return read.sums;
  };
}
