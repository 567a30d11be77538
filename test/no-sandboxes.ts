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
  telemetry: {
    count: () => undefined,
    observe: () => undefined,
    gauge: () => undefined,
    log: () => undefined,
  },
});
