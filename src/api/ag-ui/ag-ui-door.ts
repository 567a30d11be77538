import type { IncomingMessage, ServerResponse } from "node:http";
import { Fault, faults, type ApprovalId, type RunId } from "../../model/index.ts";
import { lookAtRun, untilNews } from "../../run/follow-run.ts";
import { checkRole } from "../app.ts";
import { createApprovalAnswers, type ApprovalAnswersOptions } from "../approval-answers.ts";
import type { Route } from "../contract.ts";
import type { Visit } from "../door.ts";
import { checkAccept, checkContent } from "../negotiate.ts";
import type { OutStream } from "../out-stream.ts";
import { createOutStreams, pauseMs, silentMs, toStreamEndMs } from "../out-streams.ts";
import { decodeText, readBody } from "../read-body.ts";
import type { RunAnswersOptions } from "../run-answers.ts";
import { tenantOf } from "../tenant-of.ts";
import type { AgUiEvent } from "./ag-ui-event.ts";
import { giveAnswer, type Decide } from "./give-answers.ts";
import { readInput } from "./read-input.ts";
import { createStretch } from "./stretch.ts";
import { findThreadRun, type Asked } from "./thread-run.ts";
import { shownTextOf, toAgUiEvents, toToolCallId } from "./to-ag-ui-events.ts";
import { toEnding, toStuck } from "./to-ending.ts";
import { readInterrupts } from "./to-interrupts.ts";

/** Where front-ends that are built on AG-UI arrive. */
export interface AgUiDoor {
  /** Answers wholly, or throws before anything is written. */
  serve(incoming: IncomingMessage, outgoing: ServerResponse, visit: Visit): Promise<void>;
  /** Ends all that are open. Their runs go on, and their clients ask again. */
  close(): void;
}

export interface AgUiDoorOptions extends RunAnswersOptions, ApprovalAnswersOptions {
  readonly limits: () => { readonly bodyBytes: number; readonly requestDeadlineMs: number };
}

/** As for the stream of a run's events: `run-events.ts` says why. */
const pageSize = 50;
/** Whoever asks again about what nobody has decided yet is held so long, as a client of the gate is. */
const heldMs = 20_000;

const pathShape = /^\/v1\/ag-ui\/([^/]+)$/;
const route: Route & { readonly bodyBytes: number } = {
  method: "POST",
  path: "/v1/ag-ui/{agent}",
  summary: "Runs an agent, or follows on with the run of a thread, for a front-end of AG-UI.",
  access: ["admin", "caller", "approver"],
  consumes: ["application/json"],
  bodyBytes: 2_097_152,
  answers: {},
};

export function isAgUi(path: string): boolean {
  return pathShape.test(path);
}

export function createAgUiDoor(options: AgUiDoorOptions): AgUiDoor {
  const streams = createOutStreams(options.clock);
  const { decideApproval: decide } = createApprovalAnswers(options);
  return {
    async serve(incoming, outgoing, visit) {
      const asked = await readAsked(options, incoming, visit);
      const run = await findThreadRun(options, asked);
      await streams.serve(outgoing, visit.signal, (out) =>
        tell({ ...options, decide, out, asked, run }),
      );
    },
    close: () => streams.close(),
  };
}

async function readAsked(
  { limits }: AgUiDoorOptions,
  incoming: IncomingMessage,
  visit: Visit,
): Promise<Asked> {
  const path = (incoming.url ?? "").split("?", 1)[0]!;
  if (incoming.method !== route.method)
    throw new Fault("method_not_allowed", `${route.path} takes POST.`, {
      details: { allow: [route.method] },
    });
  checkRole(route, visit);
  checkAccept(incoming.headers.accept, "text/event-stream");
  checkContent(incoming.headers, route.consumes!);
  const mostBytes = Math.min(limits().bodyBytes, route.bodyBytes);
  const text = decodeText(await readBody(incoming, mostBytes));
  visit.signal.throwIfAborted();
  return { agent: pathShape.exec(path)![1]!, input: readInput(text), holder: visit.holder };
}

interface Telling extends AgUiDoorOptions {
  readonly decide: Decide;
  readonly out: OutStream;
  readonly asked: Asked;
  readonly run: RunId | null;
}

async function tell(telling: Telling): Promise<void> {
  const { out, asked, run } = telling;
  const { threadId, runId } = asked.input;
  const metadata = run === null ? {} : { metadata: { countersign: { run } } };
  await write(out, { type: "RUN_STARTED", threadId, runId, protocolVersion: "1.0", ...metadata });
  try {
    const decided = await giveAnswers(telling);
    if (run !== null) return await follow(telling, run);
    const result = { decided };
    await write(out, {
      type: "RUN_FINISHED",
      threadId,
      runId,
      result,
      outcome: { type: "success" },
    });
  } catch (error) {
    if (!(error instanceof Fault) || out.signal.aborted) throw error;
    await write(out, toRunError(error));
  }
}

async function giveAnswers({ decide, out, asked }: Telling): Promise<readonly unknown[]> {
  const { input, holder } = asked;
  const given = [];
  for (const entry of input.resume) {
    out.signal.throwIfAborted();
    const events = await giveAnswer({ decide, holder, signal: out.signal }, entry);
    for (const event of events) {
      await write(out, event);
      if (event.type === "CUSTOM") given.push(event.value);
    }
  }
  return given;
}

/** Its status and hint are what the same refusal says over REST. */
function toRunError({ code, message, details }: Fault): AgUiEvent {
  const { status, hint } = faults[code];
  return {
    type: "RUN_ERROR",
    code,
    message: `${message} ${hint}`,
    metadata: { countersign: { status, details, docs: `docs/faults.md#${code}` } },
  };
}

/** From the beginning of its log, less what the client has, until nothing more comes by itself. */
async function follow(telling: Telling, run: RunId): Promise<void> {
  const { runs, clock, out, asked } = telling;
  const tenant = tenantOf(asked.holder);
  const stretch = createStretch(asked.input.known);
  const toolCalls = new Map<ApprovalId, string>();
  const untilMs = toStreamEndMs(clock, asked.holder);
  const heldUntilMs = clock.nowMs() + heldMs;
  let after = 0;
  for (let empty = 0; clock.nowMs() < untilMs && !out.signal.aborted;) {
    const page = await runs.events(tenant, run, { after, limit: pageSize });
    for (const numbered of page) {
      const { seq, event } = numbered;
      const text = shownTextOf(event);
      const contents = text === null ? null : await runs.content(tenant, run, text);
      const shown = toAgUiEvents(run, numbered, contents).flatMap((each) => stretch.keep(each));
      for (const each of shown) await write(out, each);
      if (event.type === "call.deferred" && event.approval !== null)
        toolCalls.set(event.approval, toToolCallId(run, event));
      after = seq;
    }
    empty = page.length === 0 ? empty + 1 : 0;
    if (empty === 0) continue;
    const { report, isGoing, approvals, seen } = await lookAtRun(runs, { tenant, run });
    if (report.head <= after) {
      const asking = { tenant, approvals, toolCalls };
      const isHeld = clock.nowMs() < heldUntilMs;
      const last = await toLast(telling, { report, isGoing, isHeld, asking });
      for (const each of last === null ? [] : [...stretch.close(clock.nowMs()), last])
        await write(out, each);
      if (last !== null) return;
    }
    if (empty > 1) await out.sleep(pauseMs);
    const heldForMs = heldUntilMs - clock.nowMs();
    const waitMs = heldForMs > 0 ? Math.min(silentMs, heldForMs) : silentMs;
    const isNew = await out.within(waitMs, (signal) => untilNews(runs, seen, signal));
    if (!isNew) await out.write(": \n\n");
  }
}

interface Standing extends Pick<Awaited<ReturnType<typeof lookAtRun>>, "report" | "isGoing"> {
  readonly asking: Parameters<typeof readInterrupts>[1];
  /** Whether what the client has been told already may wait. */
  readonly isHeld: boolean;
}

/** How the request ends here; null: the run goes on, or hears of a decision any moment. */
async function toLast(
  telling: Telling,
  { report, isGoing, isHeld, asking }: Standing,
): Promise<AgUiEvent | null> {
  const { threadId, runId, resume } = telling.asked.input;
  const ending = toEnding({ threadId, runId }, report);
  if (ending !== null) return ending;
  const interrupts = await readInterrupts(telling, asking);
  const told = new Set(resume.map(({ interruptId }) => interruptId));
  if (isHeld && interrupts.length > 0 && interrupts.every(({ id }) => told.has(id))) return null;
  if (interrupts.length > 0) {
    const { run, state } = report;
    return {
      type: "RUN_FINISHED",
      threadId,
      runId,
      outcome: { type: "interrupt", interrupts },
      metadata: { countersign: { run, state } },
    };
  }
  return isGoing || asking.approvals.length > 0 ? null : toStuck(report);
}

/** JSON leaves no line break in it: what a model said cannot end an event or begin one. */
function write(out: OutStream, event: AgUiEvent): Promise<void> {
  return out.write(`data: ${JSON.stringify(event)}\n\n`);
}
