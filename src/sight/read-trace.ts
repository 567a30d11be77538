import { Fault, type RunId, type TenantId } from "../model/index.ts";
import type { Span } from "../model/span.ts";
import type { Bundles } from "../ports/bundles.ts";
import type { NumberedEvent, RunDesk } from "../ports/run-desk.ts";
import { projectRun } from "./project-run.ts";

export interface TraceReading {
  readonly runs: Pick<RunDesk, "events">;
  readonly bundles: () => Pick<Bundles, "read">;
}

export interface RunTrace {
  readonly run: RunId;
  /** Sequence of the last event that its spans are from. */
  readonly head: number;
  readonly spans: readonly Span[];
}

/** A run with its sub-agents. */
export interface TreeTrace {
  /** The run that was asked for first, then its sub-agents in the order in which they began. */
  readonly runs: readonly RunTrace[];
  /** There is more than is read at once, and what came last is missing; or a sub-agent cannot be read. */
  readonly isCut: boolean;
}

const eventsAtOnce = 500;
/** A run this long has done some thousand steps. */
export const mostEvents = 20_000;
const mostRuns = 200;
/** Of all of them together, so that a tree of long runs is not held whole. */
const mostOfTree = 100_000;

/** The spans of a run and of all below it. Throws `not_found` for a run that is not there. */
export async function readTrace(
  reading: TraceReading,
  tenant: TenantId,
  root: RunId,
): Promise<TreeTrace> {
  const runs: RunTrace[] = [];
  const waiting: RunId[] = [root];
  const known = new Set<RunId>(waiting);
  let isCut = false;
  let left = mostOfTree;
  for (let run = waiting.shift(); run !== undefined; run = waiting.shift()) {
    if (runs.length === mostRuns || left <= 0) return { runs, isCut: true };
    const most = Math.min(mostEvents, left);
    const read = await readRun(reading, { tenant, run, most }).catch(orWhy(run, root));
    if (typeof read === "string") {
      isCut ||= read === "record_unreadable";
      continue;
    }
    const { events, ...trace } = read;
    isCut ||= events.length === most;
    left -= events.length;
    runs.push(trace);
    for (const child of listChildren(events)) {
      if (!known.has(child)) waiting.push(child);
      known.add(child);
    }
  }
  return { runs, isCut };
}

/** A sub-agent may have been removed before its parent was; one that cannot be read takes none with it. */
function orWhy(run: RunId, root: RunId) {
  return (error: unknown): "not_found" | "record_unreadable" => {
    if (run === root || !(error instanceof Fault)) throw error;
    const { code } = error;
    if (code === "not_found" || code === "record_unreadable") return code;
    throw error;
  };
}

interface Asked {
  readonly tenant: TenantId;
  readonly run: RunId;
  readonly most: number;
}

interface ReadRun extends RunTrace {
  readonly events: readonly NumberedEvent[];
}

async function readRun(reading: TraceReading, asked: Asked): Promise<ReadRun> {
  const { tenant, run } = asked;
  const events = await readRunLog(reading, asked);
  const model = await readModel(reading, tenant, events);
  try {
    const spans = projectRun({ run, events, model });
    return { run, events, head: events.at(-1)!.seq, spans };
  } catch (cause) {
    // Nothing but its events goes into that: they are not what a run's are, or are of a newer version.
    const message = "These events are not those of a run that can be told.";
    throw new Fault("record_unreadable", message, { cause, details: { run } });
  }
}

/** In order, from the first one on, page by page. */
export async function readRunLog(
  { runs }: Pick<TraceReading, "runs">,
  { tenant, run, most }: Asked,
): Promise<readonly NumberedEvent[]> {
  const events: NumberedEvent[] = [];
  while (events.length < most) {
    const limit = Math.min(eventsAtOnce, most - events.length);
    const page = await runs.events(tenant, run, { after: events.at(-1)?.seq ?? 0, limit });
    events.push(...page);
    if (page.length < limit) break;
  }
  return events;
}

function listChildren(events: readonly NumberedEvent[]): readonly RunId[] {
  return events.flatMap(({ event }) => (event.type === "child.started" ? event.run : []));
}

/** What the bundle asks for; null where it is gone or cannot be read: the run says all the rest. */
async function readModel(
  { bundles }: TraceReading,
  tenant: TenantId,
  [first]: readonly NumberedEvent[],
): Promise<string | null> {
  if (first?.event.type !== "run.created") return null;
  try {
    const built = await bundles().read(tenant, first.event.bundle);
    return built?.bundle.model.alias ?? null;
  } catch (error) {
    if (error instanceof Fault && error.code === "record_unreadable") return null;
    throw error;
  }
}
