import type { Config } from "../model/config.ts";
import type { RunMoved } from "../ports/run-moved.ts";
import type { RunDesk } from "../ports/run-desk.ts";
import { advance } from "../run/advance.ts";
import { createRunDesk } from "../run/desk.ts";
import { openRunNews } from "../run/run-news.ts";
import type { TaskKind } from "../run/task-kind.ts";
import type { LiveConfiguration } from "./configuration.ts";
import type { GateBase } from "./gate-base.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { Now } from "./now.ts";
import type { RevisionParts } from "./revision-parts.ts";
import type { Storage } from "./storage.ts";

export interface StartRunsOptions {
  readonly lifecycle: Lifecycle;
  readonly config: Config;
  readonly storage: Storage;
  readonly base: GateBase;
  readonly configuration: LiveConfiguration<RevisionParts>;
  readonly announce: Now["announce"];
}

/** Where runs are started and looked at, and the worker that carries them on. */
export async function startRuns(options: StartRunsOptions): Promise<RunDesk> {
  const { lifecycle, config, storage, base, configuration, announce } = options;
  const { telemetry } = base;
  const parts = () => configuration.live().parts;
  const news = await lifecycle.start({
    name: "run news",
    start: () => openRunNews(base.bus),
    stop: (started) => started.close(),
  });
  const engine = {
    ...base,
    news,
    onMoved: (moved: RunMoved): void => {
      telemetry.count("run_states", { state: moved.state });
      announce(moved);
    },
    taskKindOf: (agent, backend) => toTaskKind(configuration.live().config, agent, backend),
    bundles: () => parts().bundles,
    gate: { exchange: (request) => parts().gate.gate.exchange(request) },
    catalog: () => parts().gate.registry.catalog(),
    models: () => parts().models,
  } satisfies Parameters<typeof advance>[0];
  const desk = await lifecycle.start({
    name: "run desk",
    start: async () => createRunDesk(engine),
    stop: (started) => started.close(),
  });
  const { slots, slotsPerTenant } = config.worker;
  await lifecycle.start({
    name: "worker",
    start: () =>
      storage.wake.serve({
        slots,
        ...(slotsPerTenant === undefined ? {} : { slotsPerTenant }),
        onWake: (woken, signal) => advance(engine, woken, signal),
        onFault: (fault) => telemetry.log("error", "a run could not be carried on", { fault }),
      }),
    stop: (serving) => serving.stop({ withinMs: configuration.live().config.limits.drainTime }),
    stopWithinMs: workerStopWithinMs,
  });
  return desk;
}

/** Names of the configuration that serves bound how many there are; an agent that left it is `gone`. */
function toTaskKind({ agents, models }: Config, agent: string, backend: string | null): TaskKind {
  const own = Object.hasOwn(agents, agent) ? agents[agent] : undefined;
  const hardware =
    backend !== null && Object.hasOwn(models.backends, backend)
      ? models.backends[backend]?.hardware
      : undefined;
  return {
    task_class: own === undefined ? "gone" : (own.taskClass ?? agent),
    model: own?.model ?? "gone",
    hardware: hardware ?? "unknown",
  };
}

/** Drain times are at most ten minutes (the schema says so). */
const workerStopWithinMs = 10 * 60_000 + 10_000;
