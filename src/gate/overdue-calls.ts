import type { Telemetry } from "../ports/telemetry.ts";
import { countLostCall } from "./count-tool-call.ts";
import type { Store } from "../ports/store.ts";
import { giveUp, type ResolveParts } from "./resolve-call.ts";

export interface OverdueOptions extends ResolveParts {
  readonly store: Pick<Store, "commit" | "calls">;
  readonly telemetry: Telemetry;
  /** What clocks of replicas may differ by, and how long a call's own replica may take to say how it ended. */
  readonly graceMs: number;
}

const everyMs = 5_000;
const atOnce = 100;

/**
 * Calls of a replica that died, or could not write any more, end as `unknown`: by whichever replica
 * looks first. What their own replica says later does not count.
 */
export function watchOverdue(options: OverdueOptions): { stop(): Promise<void> } {
  const { clock, telemetry } = options;
  const stopping = new AbortController();
  async function watch(): Promise<void> {
    while (!stopping.signal.aborted) {
      await clock.sleep(everyMs, stopping.signal).catch(() => undefined);
      if (stopping.signal.aborted) return;
      await giveUpOverdue(options).catch((fault: unknown) => {
        telemetry.log("warn", "calls whose time is over could not be looked for", { fault });
      });
    }
  }
  const watching = watch();
  return {
    async stop() {
      stopping.abort();
      await watching;
    },
  };
}

async function giveUpOverdue(options: OverdueOptions): Promise<void> {
  const { store, clock, telemetry, graceMs } = options;
  const rows = await store.calls.listOverdue(clock.nowMs() - graceMs, atOnce);
  for (const row of rows) {
    if (!(await giveUp(options, row))) continue;
    telemetry.count("gate_calls", { outcome: "unknown" });
    countLostCall(telemetry, row);
    telemetry.log("warn", "a call was given up: nobody knows whether it was carried out", {
      call: row.id,
      server: row.server,
      tool: row.tool,
    });
  }
}
