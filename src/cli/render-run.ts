import type { Run, RunResumed, Runs } from "../client/client.ts";
import { toPlainInert } from "../lib/inert-text.ts";
import { runEventSchema, type RunEvent } from "../model/run-event.ts";
import { toDecision } from "./render-approval.ts";
import { count } from "./render-changes.ts";
import { renderQuality, toMeasured } from "./render-quality.ts";
import { renderTable } from "./render-table.ts";
import type { Paint } from "./voice.ts";

/** Of a text of somebody else's, on one line. */
const mostCharacters = 400;
/** Calls of older steps have ended. */
const mostTools = 1_024;

export type EventLines = (seq: number, event: unknown) => string;

/** Events as lines, in their order: a call goes by the name that the model called it by before. */
export function createEventLines(paint: Paint): EventLines {
  const tools = new Map<string, string>();
  return (seq, given) => {
    const { contents, ...rest } = given as {
      readonly contents?: Readonly<Record<string, unknown>>;
    };
    const event = runEventSchema.safeParse(rest).data;
    if (event !== undefined && "calls" in event) remember(tools, event);
    const { atMs = 0, type = "?" } = rest as Partial<RunEvent>;
    // What this program does not know yet goes by its name.
    const [what, said] = event === undefined ? ["event", inert(type)] : toLine(event, tools);
    const time = paint.dim(`${String(seq).padStart(4)}  ${toTime(atMs)}`);
    const texts = Object.values(contents ?? {}).flatMap(toSaid);
    const below = texts.map((text) => paint.dim(`                | ${cut(text)}`));
    return [`${time}  ${`${what.padEnd(9)} ${said}`.trimEnd()}`, ...below].join("\n");
  };
}

type Tools = ReadonlyMap<string, string>;

function remember(
  tools: Map<string, string>,
  { step, calls }: Of<"model.responded" | "compensation.planned">,
) {
  for (const [ordinal, { tool }] of calls.entries()) tools.set(`${step}.${ordinal}`, tool);
  for (const [place] of tools) if (tools.size > mostTools) tools.delete(place);
}

type Line = readonly [what: string, said: string];

function toLine(event: RunEvent, tools: Tools): Line {
  switch (event.type) {
    case "run.created":
      return ["created", `agent ${inert(event.agent)}${toOrigin(event)}`];
    case "run.started":
      return ["started", ""];
    case "model.asked":
      return ["model", `step ${event.step}: is asked`];
    case "model.responded":
      return ["model", `step ${event.step}: ${toAnswer(event)}`];
    case "model.failed":
      return ["model", `step ${event.step}: ${inert(event.code)}${toRetry(event.retryAtMs)}`];
    case "call.started":
      return ["call", `${toCall(event, tools)} is sent`];
    case "call.ended":
      return ["call", `${toCall(event, tools)} ${event.outcome.replaceAll("_", " ")}`];
    case "call.deferred":
      return ["call", `${toCall(event, tools)} waits for ${toAwaited(event)}`];
    case "skill.read":
      return ["skill", `${inert(event.skill)}: ${inert(event.path)} is read`];
    case "tools.found":
      return ["tools", `${event.tools.map(inert).join(", ") || "none"} found`];
    case "source.read":
      return [
        "context",
        `${inert(event.source)} is read${event.isError ? ", without success" : ""}`,
      ];
    case "fact.read":
      return ["fact", `${inert(event.key)} is read again, and is ${toChange(event)}`];
    case "context.measured":
      return ["context", toMeasured(event.quality)];
    case "context.compacted":
      return ["context", `${event.tokens.before} tokens become ${event.tokens.after}`];
    case "approval.decided":
      return ["approval", `${event.approval} ${event.outcome}`];
    case "child.started":
      return ["sub-agent", `${toCall(event, tools)} is run ${event.run}`];
    case "child.stopped":
      return ["sub-agent", `run ${event.run} stopped: ${inert(event.reason)}`];
    case "child.ended":
      return ["sub-agent", `run ${event.run} ${event.outcome}`];
    case "compensation.planned":
      return ["take back", `${count(event.calls.length, "effect")}, asked by ${inert(event.by)}`];
    case "signal.received":
      return ["signal", inert(event.name)];
    case "letter.dropped":
      return ["dropped", `a letter that means nothing any more: ${inert(event.reason)}`];
    default:
      return toStateLine(event);
  }
}

type Staying = Exclude<RunEvent["type"], `run.${string}`>;
type Moving = Exclude<RunEvent, { type: Staying | "run.created" | "run.started" }>;

function toStateLine(event: Moving): Line {
  switch (event.type) {
    case "run.waited": {
      const until = event.untilMs === null ? "" : ` until ${toStamp(event.untilMs)}`;
      return ["waits", `for ${articles[event.for]}${until}`];
    }
    case "run.woken":
      return ["goes on", `after ${articles[event.by]}`];
    case "run.paused":
      return ["paused", `by ${inert(event.by)}`];
    case "run.resumed":
      return ["resumed", `by ${inert(event.by)}`];
    case "run.stopped":
      return ["stopped", `${event.reason}: ${inert(event.detail)}`];
    case "run.parked":
      return ["parked", inert(event.reason)];
    case "run.partly_completed": {
      const { done, open, unknown } = event;
      return ["partial", `${done.length} done, ${open.length} open, ${unknown.length} unknown`];
    }
    case "run.completed":
      return ["completed", ""];
    case "run.failed":
      return ["failed", `${inert(event.code)}: ${inert(event.detail)}`];
    case "run.cancelled":
      return ["cancelled", `by ${inert(event.by)}`];
  }
}

const articles = {
  approval: "a person",
  timer: "a time",
  signal: "a signal",
  run: "a sub-agent",
  credential: "a credential",
} as const;

type Of<Type extends RunEvent["type"]> = Extract<RunEvent, { type: Type }>;

function toOrigin({ parent, forkOf }: Of<"run.created">): string {
  if (forkOf !== null) return `, from step ${forkOf.step} of run ${forkOf.run}`;
  return parent === null ? "" : `, called by run ${parent.run}`;
}

function toAnswer({ backend, calls, stop, usage }: Of<"model.responded">): string {
  const tokens = usage.output === null ? "" : `, ${count(usage.output, "token")}`;
  const named = calls.map(({ tool }) => inert(tool)).join(", ");
  const said = calls.length === 0 ? (stop === "ended" ? "answers" : stop) : `calls ${named}`;
  return `${said} (${inert(backend)}${tokens})`;
}

function toRetry(atMs: number | null): string {
  return atMs === null ? "" : `, again at ${toStamp(atMs)}`;
}

function toAwaited({ for: what, name, untilMs }: Of<"call.deferred">): string {
  const called = name === null ? "" : ` ${inert(name)}`;
  return `${articles[what]}${called} until ${toStamp(untilMs)}`;
}

interface Place {
  readonly step: number;
  readonly ordinal: number;
}

function toPlace({ step, ordinal }: Place): string {
  return `${step}.${ordinal}`;
}

function toCall(event: Place, tools: Tools): string {
  const place = toPlace(event);
  const tool = tools.get(place);
  return tool === undefined ? place : `${place} ${inert(tool)}`;
}

/** What it waits for, and how somebody who may can agree. */
export function renderWait(wait: Run["waits"][number]): string {
  const { kind, until, tool, approval, digest, url, run } = wait;
  if (kind === "run") return `Waits for the sub-agent of run ${run}.`;
  if (kind !== "approval" || approval === null)
    return `Waits for ${articles[kind]}${until === null ? "" : ` until ${until}`}.`;
  const command =
    digest === null
      ? `countersign approve ${approval}`
      : toDecision("approve", { id: approval, digest });
  return [
    `Waits for a person until ${until}: ${inert(tool ?? "a call")}`,
    `  page     ${url}`,
    `  approve  ${command}`,
  ].join("\n");
}

/** A run whole, for somebody who wants to know how it is. */
export function renderRun(run: Run, { bold }: Paint): string {
  const { budget, reason, calls, children, parent, deadline, output } = run;
  const said = (label: string, text: string): string => `  ${label.padEnd(9)} ${text}`;
  return [
    bold(`Run ${run.id}`),
    said("state", run.state),
    ...(reason === null ? [] : [said("why", `${inert(reason.code)}: ${inert(reason.detail)}`)]),
    said("agent", `${inert(run.agent)}  (${run.bundle})`),
    said("for", inert(run.subject)),
    ...(parent === null ? [] : [said("called by", parent)]),
    said("since", run.createdAt),
    ...(deadline === null ? [] : [said("deadline", deadline)]),
    said("steps", `${run.steps} of ${run.maxSteps}`),
    said("money", toSpent(budget.spent.money, budget.caps.money)),
    said("tokens", toSpent(budget.spent.tokens, budget.caps.tokens)),
    said("calls", toSpent(budget.spent.calls, budget.caps.calls)),
    ...calls.map(({ step, ordinal, tool, state }) =>
      said(state, `${inert(tool)}  (${toPlace({ step, ordinal })})`),
    ),
    ...children.map((child) => said("sub-agent", child)),
    ...(run.quality === null
      ? []
      : renderQuality(run.quality).map((line) => said("context", line))),
    ...run.waits.map(renderWait),
    ...(output === null ? [] : ["", inertLines(output)]),
  ].join("\n");
}

function toSpent(spent: string | number, cap: string | number | null): string {
  return cap === null ? String(spent) : `${spent} of ${cap}`;
}

export function renderRuns(runs: Runs["runs"]): string {
  return renderTable(
    runs.map(({ id, state, agent, subject, createdAt, parent }) => [
      id,
      state,
      agent ?? "",
      createdAt ?? "",
      `${subject ?? ""}${parent === null ? "" : `, called by ${parent}`}`,
    ]),
  );
}

/** What is not done, of a run that came to an end without it. */
export function renderOpen({ calls }: Run): readonly string[] {
  const words = { open: "not done", unknown: "nobody knows" } as const;
  return calls.flatMap(({ tool, state, step, ordinal }) =>
    state === "open" || state === "unknown"
      ? [`  ${words[state].padEnd(12)} ${inert(tool)}  (${toPlace({ step, ordinal })})`]
      : [],
  );
}

/** A sub-agent that what was raised above it does not help. */
export function renderStopped({ id, code, detail }: RunResumed["stopped"][number]): string {
  const flag = code === "steps" ? " --max-steps N" : "";
  return [
    `Its sub-agent's run ${id} had stopped at a bound of its own: ${inert(detail)}`,
    `  raise it  countersign runs resume ${id}${flag}`,
  ].join("\n");
}

export function inertLines(text: string): string {
  return toPlainInert(text, { lines: true });
}

/** As the run keeps it: a text, and what a model called with it. */
function toSaid(given: unknown): readonly string[] {
  if (typeof given !== "string") return [];
  try {
    const { text, calls = [] } = JSON.parse(given) as Said;
    if (typeof text !== "string") return [given];
    const called = calls.map(({ name, args }) => `${name} ${args}`);
    return [text, ...called].filter((each) => each !== "");
  } catch {
    return [given];
  }
}

interface Said {
  readonly text?: unknown;
  readonly calls?: readonly { readonly name: string; readonly args: string }[];
}

function cut(text: string): string {
  const shown = inert(text);
  return shown.length <= mostCharacters ? shown : `${shown.slice(0, mostCharacters)}…`;
}

function toStamp(ms: number): string {
  return new Date(ms).toISOString();
}

/** The day is in the run's report. */
function toTime(ms: number): string {
  return toStamp(ms).slice(11, 19);
}

const inert = (text: string): string => toPlainInert(text);

function toChange({ was, value }: { readonly was: string; readonly value: string | null }): string {
  if (value === null) return "no more";
  return value === was ? "the same" : "another";
}
