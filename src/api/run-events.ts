import type { IncomingMessage, ServerResponse } from "node:http";
import type { z } from "zod";
import { Fault, type RunId, type TenantId } from "../model/index.ts";
import type { RunEvent } from "../model/run-event.ts";
import { runStates } from "../model/run-states.ts";
import { isTerminal } from "../model/state-table.ts";
import type { Clock } from "../ports/clock.ts";
import type { RunDesk, RunReport } from "../ports/run-desk.ts";
import { checkRole, parsePart } from "./app.ts";
import type { Visit } from "./door.ts";
import { createEventReading } from "./run-contents.ts";
import { readRun } from "./run-rights.ts";
import { runEventsQuery, runRoutes } from "./run-routes.ts";
import type { OutStream } from "./out-stream.ts";
import { createOutStreams, pauseMs, silentMs, toStreamEndMs } from "./out-streams.ts";
import { tenantOf } from "./tenant-of.ts";

export interface RunStreams {
  /** Answers wholly, or throws before anything is written. */
  serve(incoming: IncomingMessage, outgoing: ServerResponse, visit: Visit): Promise<void>;
  /** Ends all that are open. Their clients go on elsewhere, after what they have. */
  close(): void;
}

export interface RunStreamsOptions {
  readonly runs: RunDesk;
  readonly clock: Clock;
}

/** Read, written and forgotten: nothing of a run is held here for a client that is slow. */
const pageSize = 50;
const pathShape = /^\/v1\/runs\/([^/]+)\/events$/;

/** Whoever takes both gets the page. */
export function isRunStream(method: string, path: string, accept: string | undefined): boolean {
  if (method !== "GET" || accept === undefined || !pathShape.test(path)) return false;
  const types = accept.split(",").map((range) => range.split(";", 1)[0]!.trim().toLowerCase());
  return types.includes("text/event-stream") && !types.includes("application/json");
}

export function createRunStreams(options: RunStreamsOptions): RunStreams {
  const streams = createOutStreams(options.clock);
  return {
    async serve(incoming, outgoing, visit) {
      const reading = await readAsked(options, incoming, visit);
      await streams.serve(outgoing, visit.signal, (out) => send(options, out, reading));
    },
    close: () => streams.close(),
  };
}

interface Reading {
  readonly tenant: TenantId;
  readonly run: RunId;
  readonly after: number;
  readonly hasContents: boolean;
  readonly report: RunReport;
  /** Of the clock's wall time. */
  readonly untilMs: number;
}

async function readAsked(
  { runs, clock }: RunStreamsOptions,
  incoming: IncomingMessage,
  visit: Visit,
): Promise<Reading> {
  checkRole(runRoutes.listRunEvents, visit);
  const { holder } = visit;
  const target = new URL(incoming.url ?? "", "http://localhost");
  const id = pathShape.exec(target.pathname)?.[1] ?? "";
  const query = parsePart("query", runEventsQuery, Object.fromEntries(target.searchParams));
  const { after: asked, contents } = query as z.output<typeof runEventsQuery>;
  const hasContents = contents === "true";
  const report = await readRun(runs, { id, holder, reach: hasContents ? "read" : "see" });
  const after = parseLastId(incoming.headers["last-event-id"]) ?? asked;
  if (after > report.head)
    throw new Fault(
      "request_invalid",
      `The run has ${report.head} events, and none after ${after}.`,
      {
        details: { head: report.head },
      },
    );
  const untilMs = toStreamEndMs(clock, holder);
  return { tenant: tenantOf(holder), run: report.run, after, hasContents, report, untilMs };
}

/** A browser that comes again keeps its URL, and says here how far it came. */
function parseLastId(given: string | readonly string[] | undefined): number | null {
  if (given === undefined || given === "") return null;
  const seq = typeof given === "string" && /^\d{1,16}$/.test(given) ? Number(given) : Number.NaN;
  if (Number.isSafeInteger(seq)) return seq;
  throw new Fault("request_invalid", "Last-Event-ID is the sequence of an event.");
}

/** Until the run has ended and everything was sent, or this stream's time is over. */
async function send(
  { runs, clock }: RunStreamsOptions,
  out: OutStream,
  reading: Reading,
): Promise<void> {
  const { tenant, run, untilMs } = reading;
  let { after } = reading;
  let mayBeOver = hasEnded(reading.report);
  for (let empty = 0; clock.nowMs() < untilMs && !out.signal.aborted;) {
    const page = await runs.events(tenant, run, { after, limit: pageSize });
    for (const { seq, event } of page) {
      await out.write(toText(seq, await withContents(runs, reading, event)));
      after = seq;
      mayBeOver ||= lasts.has(event.type);
    }
    empty = page.length === 0 ? empty + 1 : 0;
    if (empty === 0) continue;
    if (mayBeOver) {
      const report = await runs.read(tenant, run);
      const { state, head } = report;
      if (hasEnded(report) && after >= head)
        return out.write(`event: end\ndata: ${JSON.stringify({ state })}\n\n`);
    }
    if (empty > 1) await out.sleep(pauseMs);
    const isNew = await out.within(silentMs, (signal) => runs.changed(run, after, signal));
    if (!isNew) await out.write(": \n\n");
  }
}

const lasts: ReadonlySet<RunEvent["type"]> = new Set([
  "run.completed",
  "run.failed",
  "run.cancelled",
]);

function hasEnded({ state }: RunReport): boolean {
  return isTerminal(runStates, state);
}

async function withContents(
  runs: RunDesk,
  { tenant, run, hasContents }: Reading,
  event: RunEvent,
): Promise<object> {
  if (!hasContents) return event;
  return createEventReading(runs, { tenant, run, mostCharacters: Infinity })(event);
}

function toText(seq: number, event: object): string {
  const { type } = event as RunEvent;
  return `id: ${seq}\nevent: ${type}\ndata: ${JSON.stringify(event)}\n\n`;
}
