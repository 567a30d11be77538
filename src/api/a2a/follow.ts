import type { RunId, TenantId } from "../../model/index.ts";
import { pauseMs, silentMs } from "../out-streams.ts";
import type { Waiting } from "../waiting.ts";
import { lookAtTask } from "./look.ts";
import type { A2aOptions } from "./options.ts";
import { isOver, type TaskLook } from "./task.ts";

export interface Followed {
  readonly tenant: TenantId;
  readonly run: RunId;
  /** Of the clock's wall time. */
  readonly untilMs: number;
}

/** What a sub-agent waits for is no event of the run that waits for it. */
const lookEveryMs = 5_000;

/** How a task stands, each time that it may stand otherwise, until it is over or the time is. */
export async function* followTask(
  options: A2aOptions,
  { tenant, run, untilMs }: Followed,
  waiting: Waiting,
): AsyncGenerator<TaskLook> {
  const { runs, clock } = options;
  for (;;) {
    const look = await lookAtTask(options, tenant, await runs.read(tenant, run));
    yield look;
    const leftMs = untilMs - clock.nowMs();
    if (isOver(look) || leftMs <= 0) return;
    const waitMs = Math.min(look.waitsForRun ? lookEveryMs : silentMs, leftMs);
    await waiting.within(waitMs, (signal) => runs.changed(run, look.head, signal));
    // Each look reads what happened in the run: a busy one is not looked at more often.
    await waiting.sleep(Math.min(pauseMs, leftMs));
  }
}
