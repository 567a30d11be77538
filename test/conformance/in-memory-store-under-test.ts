import { createInMemoryStore } from "../../src/ports/in-memory-store.ts";
import type { WakeNow } from "../../src/ports/run-rows.ts";
import type { StoreUnderTest } from "./store-under-test.ts";

/** The twin with an engine that only remembers. */
export async function makeInMemoryStore(): Promise<StoreUnderTest> {
  const wakes: WakeNow[] = [];
  let broken = false;
  const store = createInMemoryStore({
    enlist(added) {
      if (broken) throw new Error("broken");
      wakes.push(...added.map((wake) => ({ priority: 0, ...wake })));
    },
  });
  return {
    store,
    // Its memory is all there is: nobody else can have it open.
    peer: store,
    readWakes: async () => wakes,
    breakEnlist(on) {
      broken = on;
    },
    close: () => store.close(),
  };
}
