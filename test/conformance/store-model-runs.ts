import fc from "fast-check";
import type { Digest, RunId, TenantId } from "../../src/model/index.ts";
import type { Store } from "../../src/ports/store.ts";
import { toBytes } from "./store-values.ts";

/** Mostly the first, so that steps meet. */
export const which = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat({ max: 2 }));
export const side = fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.constant(1));
export const text = fc.string({ maxLength: 3 });

/** What steps that are about runs alone take from the world of a sequence. */
export interface RunWorld {
  readonly runs: readonly RunId[];
  readonly tenants: readonly TenantId[];
  readonly digests: readonly Digest[];
}

export const runSteps = {
  post: fc.record({ run: which, tenant: side, text, blobs: fc.array(which, { maxLength: 2 }) }),
  copyBlobs: fc.record({ from: which, to: which }),
  keepSnapshot: fc.record({ run: which, seq: fc.nat({ max: 4 }), text }),
  remove: fc.record({ run: which }),
  open: fc.record({ run: which, cap: fc.option(fc.nat({ max: 4 })), spent: fc.nat({ max: 2 }) }),
  hold: fc.record({ root: which, run: which, slot: side, amount: fc.nat({ max: 3 }) }),
  settle: fc.record({ root: which, run: which, slot: side, amount: fc.nat({ max: 3 }) }),
  raise: fc.record({ run: which, cap: fc.option(fc.nat({ max: 9 })) }),
};

type Name = keyof typeof runSteps;
export type RunStep = {
  [N in Name]: { name: N; with: (typeof runSteps)[N] extends fc.Arbitrary<infer T> ? T : never };
}[Name];

export const toBlobs = (world: RunWorld, places: readonly number[], from: string) =>
  places.map((n) => ({ id: world.digests[n]!, bytes: toBytes(`${from} ${n}`) }));
const toCaps = (cap: number | null) => ({ micros: cap, tokens: null, calls: null });
const toAmounts = (micros: number) => ({ micros, tokens: 1, calls: 0 });

export async function askRun(
  store: Store,
  world: RunWorld,
  { name, with: it }: RunStep,
): Promise<unknown> {
  const { runs, tenants } = world;
  switch (name) {
    case "post": {
      const letter = { run: runs[it.run]!, tenant: tenants[it.tenant]! };
      const blobs = toBlobs(world, it.blobs, "posted");
      return store.runs.post({ ...letter, payload: toBytes(it.text), blobs });
    }
    case "copyBlobs":
      return store.runs.copyBlobs(runs[it.from]!, runs[it.to]!);
    case "keepSnapshot":
      return store.runs.keepSnapshot(runs[it.run]!, { seq: it.seq, bytes: toBytes(it.text) });
    case "remove":
      return store.runs.remove(runs[it.run]!);
    case "open": {
      const opening = { tenant: tenants[0]!, caps: toCaps(it.cap), spent: toAmounts(it.spent) };
      return store.runBudgets.open(runs[it.run]!, opening);
    }
    case "hold": {
      const slot = { root: runs[it.root]!, run: runs[it.run]!, slot: `${it.slot}` };
      return store.runBudgets.hold({ ...slot, amounts: toAmounts(it.amount) });
    }
    case "settle": {
      const slot = { root: runs[it.root]!, run: runs[it.run]!, slot: `${it.slot}` };
      return store.runBudgets.settle(slot, toAmounts(it.amount));
    }
    case "raise":
      return store.runBudgets.raise(runs[it.run]!, toCaps(it.cap));
  }
}
