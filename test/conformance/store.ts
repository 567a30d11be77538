import { afterAll, beforeAll, describe } from "vitest";
import type { Store, WakeNow } from "../../src/ports/store.ts";
import { describeApprovals } from "./store-approvals.ts";
import { describeCommit } from "./store-commit.ts";
import { describeFences } from "./store-fences.ts";
import { describeRows } from "./store-rows.ts";
import { describeRuns } from "./store-runs.ts";

/** A store and what a test sees of the engine that wakes. */
export interface StoreUnderTest {
  readonly store: Store;
  /** Another replica's store on the same data, with an engine and a writer of its own. */
  readonly peer: Store;
  /** The wakes that are durable, in the order in which they were enlisted. */
  readWakes(): Promise<readonly WakeNow[]>;
  /** While set, whatever enlists a wake fails, in the middle of its transaction. */
  breakEnlist(broken: boolean): void;
  close(): Promise<void>;
}

/** The behaviour of the Store port, for every adapter and for its twin. */
export function describeStore(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(`Store: ${name}`, () => {
    let made: StoreUnderTest | undefined;
    beforeAll(async () => {
      made = await make();
    });
    afterAll(() => made?.close());
    const under = (): StoreUnderTest => {
      if (made === undefined) throw new Error("The store was not opened");
      return made;
    };
    describeCommit(under);
    describeFences(under);
    describeRuns(under);
    describeApprovals(under);
    describeRows(under);
  });
}
