import type { RunId } from "../model/index.ts";
import { fromRunEventBytes, type RunEvent } from "../model/run-event.ts";
import type { Runs } from "../ports/run-rows.ts";

/** Of a run's log: what stands behind one place, up to another. */
export interface Stretch {
  readonly run: RunId;
  readonly after: number;
  readonly upTo: number;
}

const pageSize = 1_000;

/** In their order, read page by page. It ends early where the log does. */
export async function* listEvents(
  runs: Pick<Runs, "read">,
  { run, after, upTo }: Stretch,
): AsyncGenerator<RunEvent, void, undefined> {
  for (let at = after; at < upTo;) {
    const rows = await runs.read(run, { after: at, limit: Math.min(pageSize, upTo - at) });
    if (rows.length === 0) return;
    for (const { payload } of rows) yield fromRunEventBytes(payload);
    at += rows.length;
  }
}
