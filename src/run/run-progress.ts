import type { RunId, TenantId } from "../model/index.ts";
import type { PlannedCall, RunEvent } from "../model/run-event.ts";
import type { RunDesk } from "../ports/run-desk.ts";
import type { UpstreamRequest } from "../ports/upstream.ts";

export interface ProgressOptions {
  readonly tenant: TenantId;
  readonly run: RunId;
  /** Of one that was there before, only what happens from now on is told. */
  readonly isNew: boolean;
  readonly request: Pick<UpstreamRequest, "meta" | "onNotification">;
}

const pageSize = 200;

/** Tells a caller that asked for it what happens in a run: names of tools, and nothing of their content. */
export function createProgress(
  desk: RunDesk,
  { tenant, run, isNew, request }: ProgressOptions,
): (head: number) => Promise<void> {
  const { progressToken } = request.meta;
  if (progressToken === undefined) return async () => undefined;
  const token = progressToken;
  let after = isNew ? 0 : null;
  let progress = 0;
  let calls: readonly PlannedCall[] = [];

  function tell(event: RunEvent): void {
    if (event.type === "model.responded" || event.type === "compensation.planned")
      ({ calls } = event);
    const message = toWords(event, calls);
    if (message === null) return;
    progress += 1;
    const params = { progressToken: token, progress, message };
    request.onNotification({ method: "notifications/progress", params });
  }

  return async (head) => {
    after ??= head;
    while (after < head) {
      const page = await desk.events(tenant, run, { after, limit: pageSize });
      for (const { event } of page) tell(event);
      const last = page.at(-1);
      if (last === undefined) return;
      after = last.seq;
    }
  };
}

/** Null: nothing that anybody waits to hear. */
function toWords(event: RunEvent, calls: readonly PlannedCall[]): string | null {
  const toolOf = ({ ordinal }: { readonly ordinal: number }): string =>
    calls[ordinal]?.tool ?? "a call";
  switch (event.type) {
    case "run.started":
      return "started";
    case "model.responded":
      return event.calls.length === 0
        ? `step ${event.step}: an answer`
        : `step ${event.step}: ${event.calls.map(({ tool }) => tool).join(", ")}`;
    case "call.ended":
      return `${toolOf(event)}: ${event.outcome}`;
    case "call.deferred":
      return `${toolOf(event)}: waits (${event.for})`;
    case "child.started":
      return `${toolOf(event)}: started`;
    case "child.ended":
      return `${toolOf(event)}: ${event.outcome}`;
    default:
      return null;
  }
}
