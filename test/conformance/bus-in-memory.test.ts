import { createInMemoryBus } from "../../src/ports/in-memory-bus.ts";
import type { Bus } from "../../src/ports/bus.ts";
import { describeBus } from "./bus.ts";

describeBus("in memory", async () => {
  const bus = createInMemoryBus();
  let opened = 0;
  return {
    // Replicas in one process share the bus; the third one is there to be closed.
    open: async (): Promise<Bus> => ((opened += 1) > 2 ? createInMemoryBus() : bus),
    interrupt: async () => bus.interrupt(),
    close: () => bus.close(),
  };
});
