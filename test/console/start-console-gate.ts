import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { systemRandom } from "../../src/adapters/system/system-random.ts";
import type { ConsoleFiles } from "../../src/api/console/read-console.ts";
import { createInMemoryBus } from "../../src/ports/in-memory-bus.ts";
import { createInMemoryStore } from "../../src/ports/in-memory-store.ts";
import { createInMemoryVault } from "../../src/ports/in-memory-vault.ts";
import { startGateOver, type GateUnderTest } from "../mcp/gate-under-test.ts";

/** A gate that serves the console, too: everything is real but the database. */
export function startConsoleGate(
  console: ConsoleFiles,
): (document: object) => Promise<GateUnderTest> {
  return (document) =>
    startGateOver(
      {
        store: createInMemoryStore(),
        vault: createInMemoryVault(systemClock),
        bus: createInMemoryBus(),
        sealingKey: systemRandom.bytes(32),
        owner: "this",
        values: {},
        console,
      },
      document,
    );
}
