import type { Principal, RunId, TenantId } from "../../src/model/index.ts";
import type { RunDesk } from "../../src/ports/run-desk.ts";
import type { Wake } from "../../src/ports/wake.ts";
import { advance } from "../../src/run/advance.ts";
import type { Input } from "./plan.ts";
import type { Runtime } from "./runtime.ts";

const slots = 400;

interface EngineRuntimeOptions {
  readonly engine: Parameters<typeof advance>[0];
  readonly desk: Pick<RunDesk, "start" | "tell">;
  readonly wake: Wake;
  readonly tenant: TenantId;
}

/** Ours, as the desk starts runs and the queue wakes them, in this process. */
export async function createRuntime(options: EngineRuntimeOptions): Promise<Runtime> {
  const { engine, desk, wake, tenant } = options;
  const principal: Principal = { tenant, kind: "user", subject: "bench", actor: null };
  const runs = new Map<string, RunId>();
  const rested = createRested();
  await wake.serve({
    slots,
    onWake: async (woken, signal) => {
      await advance(engine, woken, signal);
      rested.is(woken.run);
    },
    onFault: (fault) => engine.telemetry.log("error", "not carried on", { fault }),
  });
  const start = async (input: Input): Promise<RunId> => {
    const { run } = await desk.start({
      principal,
      roles: [],
      agent: "bench",
      input: JSON.stringify(input),
      caps: null,
      deadlineMs: null,
      key: null,
      parent: null,
    });
    return run;
  };
  return {
    async flow(flow, id) {
      const run = await start({ flow, id });
      await rested.once(run);
    },
    async park(id) {
      const run = await start({ flow: "park", id });
      await rested.once(run);
      runs.set(id, run);
    },
    signal(id) {
      const run = runs.get(id)!;
      runs.delete(id);
      return desk.tell(tenant, run, { kind: "signal", name: "go", payload: "now" });
    },
    tick: async () => void (await start({ flow: "tick", id: "tick" })),
  };
}

/** When a worker has left a run: it has ended, or it waits. It may leave before its starter is told. */
function createRested() {
  const waiting = new Map<RunId, () => void>();
  const before = new Set<RunId>();
  return {
    is(run: RunId): void {
      const tell = waiting.get(run);
      if (tell === undefined) before.add(run);
      waiting.delete(run);
      tell?.();
    },
    once(run: RunId): Promise<void> {
      if (before.delete(run)) return Promise.resolve();
      return new Promise((resolve) => waiting.set(run, resolve));
    },
  };
}
