import { digestSchema, Fault, toSubjectKey, type RunId } from "../model/index.ts";
import { parseTraceparent } from "../model/trace-context.ts";
import type { Clock } from "../ports/clock.ts";
import type { RunDesk, RunReport, RunWord } from "../ports/run-desk.ts";
import type { KeyHolder } from "../authority/keyring.ts";
import { readTrace } from "../sight/read-trace.ts";
import type { Answer, Answers, Asked } from "./contract.ts";
import { explain } from "./explain-answers.ts";
import { parseBody } from "./parse-body.ts";
import { checkFork } from "./run-agents.ts";
import { forking, resuming, signalling, starting, toCaps, toDeadlineMs } from "./run-bodies.ts";
import { createEventReading } from "./run-contents.ts";
import { listStopped } from "./list-stopped.ts";
import { isOwn, parseRunId, reachesAll, readRun } from "./run-rights.ts";
import type { runRoutes } from "./run-routes.ts";
import { toShownContext } from "./show-context.ts";
import { toShownRow, toShownRun, type ShowRunOptions } from "./show-run.ts";
import { toShownTrace } from "./show-trace.ts";
import { startRun, type StartRunOptions } from "./start-run.ts";
import { tellRun } from "./tell-run.ts";
import { principalOf, tenantOf } from "./tenant-of.ts";

export interface RunAnswersOptions extends ShowRunOptions, StartRunOptions {
  readonly runs: RunDesk;
  readonly clock: Clock;
}

type Routes = typeof runRoutes;

/** Of all that an answer shows at once; the rest is asked for by its digest. */
const contentsPerPage = 4 * 1024 * 1024;

export function createRunAnswers(options: RunAnswersOptions): Answers<Routes> {
  const { runs } = options;
  return {
    startRun: (asked) => start(options, asked),
    listRuns: (asked) => list(options, asked),
    countRuns: (asked) => count(options, asked),
    getRun: async ({ params, holder }) => {
      const found = await readRun(runs, { id: params.id, holder, reach: "see" });
      return { status: 200, body: await show(options, holder, found) };
    },
    listRunEvents: async ({ params, query: { after, limit, contents }, holder }) => {
      const reach = contents === "true" ? "read" : "see";
      const { run } = await readRun(runs, { id: params.id, holder, reach });
      const tenant = tenantOf(holder);
      const found = await runs.events(tenant, run, { after, limit });
      const most = contents === "true" ? contentsPerPage : null;
      const read = createEventReading(runs, { tenant, run, mostCharacters: most });
      const events = [];
      // One after the other: each may hold a long text.
      for (const { seq, event } of found) events.push({ seq, event: await read(event) });
      const next = found.length < limit ? null : found.at(-1)!.seq;
      return { status: 200, body: { events, next } };
    },
    getRunContent: async ({ params: { id, digest: given }, holder }) => {
      const { run } = await readRun(runs, { id, holder, reach: "read" });
      const digest = digestSchema.safeParse(given).data;
      const text = digest === undefined ? null : await runs.content(tenantOf(holder), run, digest);
      if (digest === undefined || text === null)
        throw new Fault("not_found", "The run has no such text, or not any more.");
      return { status: 200, body: { digest, text } };
    },
    getRunContext: async ({ params: { id }, query: { step }, holder }) => {
      const report = await readRun(runs, { id, holder, reach: "see" });
      const shown = await runs.context(tenantOf(holder), report.run, step ?? null);
      const isReadable = isOwn(holder, report) || reachesAll(holder, "read");
      return { status: 200, body: toShownContext(shown, isReadable) };
    },
    getRunTrace: async ({ params: { id }, holder }) => {
      const { run } = await readRun(runs, { id, holder, reach: "see" });
      const trace = await readTrace(options, tenantOf(holder), run);
      return { status: 200, body: toShownTrace(run, trace) };
    },
    getRunExplanation: async ({ params: { id }, holder }) => {
      const report = await readRun(runs, { id, holder, reach: "see" });
      const isReadable = isOwn(holder, report) || reachesAll(holder, "read");
      const asked = { tenant: tenantOf(holder), report, isReadable };
      return { status: 200, body: await explain(runs, asked) };
    },
    cancelRun: (asked) => tell(options, asked, (by) => ({ kind: "cancel", by })),
    pauseRun: (asked) => tell(options, asked, (by) => ({ kind: "pause", by })),
    compensateRun: (asked) => tell(options, asked, (by) => ({ kind: "compensate", by })),
    resumeRun: (asked) => resume(options, asked),
    signalRun: (asked) => {
      const { name, payload } = parseBody(signalling, asked.body);
      return tell(options, asked, () => ({ kind: "signal", name, payload }));
    },
    forkRun: (asked) => fork(options, asked),
  };
}

async function start(
  options: RunAnswersOptions,
  { body: text, headers, holder }: Asked<Routes["startRun"]>,
): Promise<Answer<Routes["startRun"]>> {
  const { agent, input, caps, deadline } = parseBody(starting, text);
  const { report, isNew } = await startRun(options, holder, {
    agent,
    input,
    caps: toCaps(caps),
    deadlineMs: toDeadlineMs(deadline, options.clock.nowMs()),
    key: headers["idempotency-key"] ?? null,
    trace: parseTraceparent(headers["traceparent"]),
  });
  const body = await show(options, holder, report);
  return { status: isNew ? 201 : 200, body };
}

async function list(
  { runs }: RunAnswersOptions,
  { query, holder }: Asked<Routes["listRuns"]>,
): Promise<Answer<Routes["listRuns"]>> {
  const { state, begins, before, limit } = query;
  const wanted = {
    limit,
    ...toWanted(query, holder),
    ...(state !== undefined && { state }),
    ...(begins !== undefined && { begins }),
    ...(before !== undefined && { before: parseRunId(before) }),
  };
  const rows = await runs.list(tenantOf(holder), wanted);
  const next = rows.length < limit ? null : rows.at(-1)!.run;
  return { status: 200, body: { runs: rows.map(toShownRow), next } };
}

/** Beyond, a number says no more than that there are many. */
const mostCounted = 10_000;

async function count(
  { runs }: RunAnswersOptions,
  { query, holder }: Asked<Routes["countRuns"]>,
): Promise<Answer<Routes["countRuns"]>> {
  const wanted = { ...toWanted(query, holder), most: mostCounted };
  const { states, isCut } = await runs.count(tenantOf(holder), wanted);
  return { status: 200, body: { states, most: mostCounted, cut: isCut } };
}

/** A caller sees those that it started. */
function toWanted(
  { agent, parent, top }: Asked<Routes["countRuns"]>["query"],
  holder: KeyHolder | null,
) {
  return {
    ...(!reachesAll(holder, "see") && { subject: toSubjectKey(principalOf(holder)) }),
    ...(agent !== undefined && { agent }),
    ...(parent !== undefined && { parent: parseRunId(parent) }),
    ...(top === "true" && { isTop: true }),
  };
}

async function show(options: RunAnswersOptions, holder: KeyHolder | null, report: RunReport) {
  const shown = await toShownRun(options, tenantOf(holder), report);
  const isReadable = isOwn(holder, report) || reachesAll(holder, "read");
  return isReadable ? shown : { ...shown, output: null };
}

type Telling = Pick<Asked<Routes["cancelRun"]>, "params" | "holder">;

async function tell(
  options: RunAnswersOptions,
  { params, holder }: Telling,
  toWord: (by: string) => RunWord,
) {
  const { run } = await readRun(options.runs, { id: params.id, holder, reach: "tell" });
  const word = await tellRun(options, { run, holder }, toWord);
  return { status: 202 as const, body: { id: run, word } };
}

async function resume(
  options: RunAnswersOptions,
  asked: Asked<Routes["resumeRun"]>,
): Promise<Answer<Routes["resumeRun"]>> {
  const { caps, maxSteps = null, deadline } = parseBody(resuming, asked.body);
  const raised = {
    caps: toCaps(caps),
    maxSteps,
    deadlineMs: toDeadlineMs(deadline, options.clock.nowMs()),
  };
  checkRaise(asked.holder, raised);
  const { params, holder } = asked;
  // Before it is told: as soon as it is, they are told to go on, too.
  const stopped = await listStopped(options.runs, tenantOf(holder), parseRunId(params.id));
  const { status, body } = await tell(options, asked, (by) => ({
    kind: "resume",
    by,
    ...raised,
  }));
  return { status, body: { ...body, stopped } };
}

/** Whoever is held by a cap does not raise it. */
function checkRaise(holder: KeyHolder | null, raised: Readonly<Record<string, unknown>>): void {
  if (Object.values(raised).every((each) => each === null) || reachesAll(holder, "tell")) return;
  throw new Fault("forbidden", "Raising what a run may use takes the role admin or operator.");
}

async function fork(
  options: RunAnswersOptions,
  { params, body, holder }: Asked<Routes["forkRun"]>,
): Promise<Answer<Routes["forkRun"]>> {
  const { runs, telemetry } = options;
  const { step } = parseBody(forking, body);
  // What a run has read belongs to whoever started it.
  const of = await readRun(runs, { id: params.id, holder, reach: "own" });
  await checkFork(options, of, holder);
  const by = principalOf(holder);
  const id: RunId = await runs.fork(by.tenant, of.run, {
    step,
    by,
    roles: holder?.roles ?? [],
  });
  telemetry.log("info", "a run was forked", { run: of.run, step, fork: id, by: holder?.id });
  return { status: 201, body: { id, of: of.run, step } };
}
