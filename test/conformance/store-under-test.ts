import type { WakeNow } from "../../src/ports/run-rows.ts";
import type { Store } from "../../src/ports/store.ts";

/** A store and what a test sees of the engine that wakes. */
export interface StoreUnderTest {
  readonly store: Store;
  /** Another replica's store on the same data, with an engine and a writer of its own. */
  readonly peer: Store;
  /** The wakes that are durable, in the order in which they were enlisted. */
  readWakes(): Promise<readonly WakeNow[]>;
  /** While set, whatever enlists a wake fails, in the middle of its transaction. */
  breakEnlist(broken: boolean): void | Promise<void>;
  close(): Promise<void>;
}
