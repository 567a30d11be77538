import { Fault, type Digest } from "../model/index.ts";
import type { Clock } from "../ports/clock.ts";
import type { SpendingPlace, SpendingRows } from "../ports/spending-rows.ts";

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
 * Parts of budgets that this replica has leased. What is leased counts as used, so that no number
 * of replicas passes a cap; one that is killed takes what was left of its lease with it.
 */
export interface Leases {
  /** Undefined when it was taken at once. Throws `budget_exhausted`. */
  take(share: Share, amount: number): Promise<void> | undefined;
  giveBack(share: Share, amount: number): void;
  /** What is left goes back to the others. */
  close(): Promise<void>;
}

interface Lease {
  readonly share: Share;
  left: number;
  /** The question to the store that is under way. */
  leasing: Promise<void> | null;
  /** Others may give back: until then the store is not asked again. */
  dryUntilMs: number;
}

const maxKept = 50_000;
/** A share of the cap, so that few replicas do not starve each other; and for so many calls at most. */
const leasesOfCap = 50;
const maxCalls = 100;
const askAgainMs = 1_000;

export function createLeases({ rows, clock }: LeaseOptions): Leases {
  const leases = new Map<string, Lease>();

  function leaseOf(share: Share): Lease {
    const key = toKey(share.place);
    const known = leases.get(key);
    if (known !== undefined) return known;
    if (leases.size >= maxKept) forgetEnded(leases, clock.nowMs());
    const made: Lease = { share, left: 0, leasing: null, dryUntilMs: 0 };
    leases.set(key, made);
    return made;
  }

  async function renew(lease: Lease, amount: number, cap: number): Promise<void> {
    const wanted = Math.max(amount - lease.left, toLeaseSize(cap, amount));
    const granted = await rows.lease(lease.share.place, { amount: wanted, cap });
    lease.left += granted;
    if (granted < wanted) lease.dryUntilMs = clock.monotonicMs() + askAgainMs;
  }

  async function takeLater(lease: Lease, share: Share, amount: number): Promise<void> {
    while (lease.left < amount) {
      if (clock.monotonicMs() < lease.dryUntilMs) throw exhausted(share);
      lease.leasing ??= renew(lease, amount, share.cap).finally(() => (lease.leasing = null));
      await lease.leasing;
    }
    lease.left -= amount;
  }

  return {
    take(share, amount) {
      const lease = leaseOf(share);
      if (lease.left < amount) return takeLater(lease, share, amount);
      lease.left -= amount;
      return undefined;
    },
    giveBack(share, amount) {
      const lease = leases.get(toKey(share.place));
      if (lease !== undefined) lease.left += amount;
    },
    async close() {
      const nowMs = clock.nowMs();
      const open = [...leases.values()].filter(
        ({ left, share }) => left > 0 && share.endsMs > nowMs,
      );
      leases.clear();
      await Promise.all(open.map(({ share, left }) => rows.giveBack(share.place, left)));
    },
  };
}

function toKey({ tenant, budget, share, periodMs }: SpendingPlace): string {
  return `${tenant}\n${budget}\n${share satisfies Digest}\n${periodMs}`;
}

function toLeaseSize(cap: number, amount: number): number {
  return Math.max(1, Math.min(maxCalls * amount, Math.floor(cap / leasesOfCap)));
}

function forgetEnded(leases: Map<string, Lease>, nowMs: number): void {
  for (const [key, { share }] of leases) if (share.endsMs <= nowMs) leases.delete(key);
  if (leases.size >= maxKept) throw new Fault("overloaded", "Too many budgets are in use at once.");
}

function exhausted({ place, endsMs }: Share): Fault {
  const budget = place.budget.replace(/ .*$/, "");
  const resetsAt = new Date(endsMs).toISOString();
  return new Fault("budget_exhausted", `The budget ${budget} is used up until ${resetsAt}.`, {
    details: { budget, resetsAt },
  });
}
