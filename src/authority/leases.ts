import { Fault, type Digest } from "../model/index.ts";
import type { Clock } from "../ports/clock.ts";
import type { SpendingPlace, SpendingRows } from "../ports/store.ts";

export interface LeaseOptions {
  readonly rows: Pick<SpendingRows, "lease" | "giveBack">;
  readonly clock: Clock;
}

/** Something that is used up, by one sharer in one period. */
export interface Share {
  readonly place: SpendingPlace;
  readonly cap: number;
  readonly endsMs: number;
}

/**
 * Slices of budgets that this replica has leased. What is leased counts as used, so that no number
 * of replicas passes a cap; one that is killed takes what was left of its slice with it.
 */
export interface Leases {
  /** Undefined when it was taken at once. Throws `budget_exhausted`. */
  take(share: Share, amount: number): Promise<void> | undefined;
  giveBack(share: Share, amount: number): void;
  /** What is left goes back to the others. */
  close(): Promise<void>;
}

interface Slice {
  readonly share: Share;
  left: number;
  /** The question to the store that is under way. */
  leasing: Promise<void> | null;
  /** Others may give back: until then the store is not asked again. */
  dryUntilMs: number;
}

const maxSlices = 50_000;
/** A share of the cap, so that few replicas do not starve each other; and at most so many calls. */
const slicesOfCap = 50;
const maxSlice = 100;
const askAgainMs = 1_000;

export function createLeases({ rows, clock }: LeaseOptions): Leases {
  const slices = new Map<string, Slice>();

  function sliceOf(share: Share): Slice {
    const key = toKey(share.place);
    const known = slices.get(key);
    if (known !== undefined) return known;
    if (slices.size >= maxSlices) forgetEnded(slices, clock.nowMs());
    const made: Slice = { share, left: 0, leasing: null, dryUntilMs: 0 };
    slices.set(key, made);
    return made;
  }

  async function lease(slice: Slice, amount: number, cap: number): Promise<void> {
    const wanted = Math.max(amount - slice.left, toSliceSize(cap));
    const granted = await rows.lease(slice.share.place, { amount: wanted, cap });
    slice.left += granted;
    if (granted < wanted) slice.dryUntilMs = clock.monotonicMs() + askAgainMs;
  }

  async function takeLater(slice: Slice, share: Share, amount: number): Promise<void> {
    while (slice.left < amount) {
      if (clock.monotonicMs() < slice.dryUntilMs) throw exhausted(share);
      slice.leasing ??= lease(slice, amount, share.cap).finally(() => (slice.leasing = null));
      await slice.leasing;
    }
    slice.left -= amount;
  }

  return {
    take(share, amount) {
      const slice = sliceOf(share);
      if (slice.left < amount) return takeLater(slice, share, amount);
      slice.left -= amount;
      return undefined;
    },
    giveBack(share, amount) {
      const slice = slices.get(toKey(share.place));
      if (slice !== undefined) slice.left += amount;
    },
    async close() {
      const nowMs = clock.nowMs();
      const open = [...slices.values()].filter(
        ({ left, share }) => left > 0 && share.endsMs > nowMs,
      );
      slices.clear();
      await Promise.all(open.map(({ share, left }) => rows.giveBack(share.place, left)));
    },
  };
}

function toKey({ tenant, budget, share, periodMs }: SpendingPlace): string {
  return `${tenant}\n${budget}\n${share satisfies Digest}\n${periodMs}`;
}

function toSliceSize(cap: number): number {
  return Math.max(1, Math.min(maxSlice, Math.floor(cap / slicesOfCap)));
}

function forgetEnded(slices: Map<string, Slice>, nowMs: number): void {
  for (const [key, { share }] of slices) if (share.endsMs <= nowMs) slices.delete(key);
  if (slices.size >= maxSlices)
    throw new Fault("overloaded", "Too many budgets are in use at once.");
}

function exhausted({ place, endsMs }: Share): Fault {
  const budget = place.budget.replace(/ .*$/, "");
  const resetsAt = new Date(endsMs).toISOString();
  return new Fault("budget_exhausted", `The budget ${budget} is used up until ${resetsAt}.`, {
    details: { budget, resetsAt },
  });
}
