import { Fault } from "../src/model/index.ts";
import type { Errands } from "../src/ports/errands.ts";
import { createInMemoryErrands } from "../src/ports/in-memory-errands.ts";
import { createSeededRandom } from "../src/ports/seeded-random.ts";
import type { Sandboxes } from "../src/ports/sandbox.ts";
import { createSandboxes } from "../src/sandbox/sandboxes.ts";

/** A machine without any tier: what does not say that it runs without a sandbox is refused. */
export const noSandboxes: Sandboxes = createSandboxes({
  drivers: [],
  egress: {
    open: () => {
      throw new Error("nothing is let out here");
    },
  },
  random: createSeededRandom(1),
  telemetry: {
    count: () => undefined,
    observe: () => undefined,
    gauge: () => undefined,
    log: () => undefined,
  },
});

/** And so nobody's program is carried out. */
export const noErrands: Errands = createInMemoryErrands(() => {
  throw new Fault("sandbox_missing", "No program is carried out here.");
});
