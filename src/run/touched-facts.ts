import type { Digest } from "../model/index.ts";
import { clockSkewMs, toToucher, type TouchRow } from "../ports/touches.ts";
import type { FactView, Placed } from "./view.ts";
import type { Work } from "./worker.ts";

export interface Touched {
  /** Something has changed it since it was read, or may have. */
  readonly touched: ReadonlySet<string>;
  /** Another call is changing it now. */
  readonly inUse: readonly string[];
  /** Nobody has changed any of them since this was found. */
  readonly stillHolds: () => Promise<boolean>;
}

type Known = FactView & { readonly key: string };

/** What other runs and other clients have done to these things; the run's own calls are in its log, too. */
export async function findTouched(
  work: Work,
  place: Placed,
  facts: readonly Known[],
): Promise<Touched> {
  const { run } = work;
  const by = toToucher({ run, ...place });
  const rows = await readRows(work, facts);
  const nowMs = work.options.clock.nowMs();
  const touched = new Set(facts.filter(({ isTouched }) => isTouched).map(({ key }) => key));
  const inUse: string[] = [];
  for (const { key, atMs } of facts) {
    const row = rows.get(key);
    if (row === undefined) continue;
    const isOpen = isUnderWay(row, nowMs);
    if (isOpen && row.open!.by !== by) inUse.push(key);
    if (isOpen || toChangedMs(row, run) > atMs) touched.add(key);
  }
  return {
    touched,
    inUse,
    async stillHolds() {
      const now = await readRows(work, facts);
      const laterMs = work.options.clock.nowMs();
      return facts.every(({ key }) => {
        const row = now.get(key);
        if (row === undefined) return true;
        // By now it may have the thing itself.
        const others = row.open?.by === by ? { ...row, open: null } : row;
        return !isUnderWay(others, laterMs) && toLastMs(others) <= toLastMs(rows.get(key));
      });
    },
  };
}

async function readRows(
  { options, tenant }: Work,
  facts: readonly Known[],
): Promise<ReadonlyMap<string, TouchRow>> {
  const { store, hashes } = options;
  const names = new Map<Digest, string>();
  for (const { key } of facts) names.set(await hashes.hash(tenant, "touch", [key]), key);
  const rows = await store.touches.read(tenant, [...names.keys()]);
  return new Map(rows.map((row) => [names.get(row.key)!, row]));
}

function isUnderWay({ open }: TouchRow, nowMs: number): boolean {
  return open !== null && open.untilMs + clockSkewMs > nowMs;
}

/** What a call that never ended left behind counts until its time was over. Its own clock a run believes. */
function toChangedMs({ changed, open }: TouchRow, run: string): number {
  const [last, left] = [
    { run: changed?.run, atMs: changed?.atMs },
    { run: open?.run, atMs: open?.untilMs },
  ].map(({ run: whose, atMs = never }) => atMs + (whose === run ? 0 : clockSkewMs));
  return Math.max(last!, left!);
}

function toLastMs(row: TouchRow | undefined): number {
  return Math.max(row?.changed?.atMs ?? never, row?.open?.untilMs ?? never);
}

const never = Number.NEGATIVE_INFINITY;
