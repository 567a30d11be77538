import type { RunEvent } from "../../../../src/model/run-event.ts";
import type { Tone } from "../../ui/badge.tsx";
import { toCount } from "../../words/to-amount.ts";
import { toDuration } from "../../words/to-duration.ts";
import type { ShownEvent } from "./run-source.ts";
import { awaitedWords, toToolName } from "./span-label.ts";

export type EventOf<Type extends RunEvent["type"]> = Extract<RunEvent, { type: Type }>;

/** The page and its server may differ in their versions: a type that is not known has no line. */
export const asRunEvent = ({ event }: ShownEvent): RunEvent => event as unknown as RunEvent;

/** A call by its step and its place in it. */
export type Tools = ReadonlyMap<string, string>;

export function toPlace({ step, ordinal }: { readonly step: number; readonly ordinal: number }) {
  return `${step}.${ordinal}`;
}

/** What was called where: only the model's answer names it. */
export function listTools(events: readonly ShownEvent[]): Tools {
  const tools = new Map<string, string>();
  for (const shown of events) {
    const event = asRunEvent(shown);
    if (event.type !== "model.responded" && event.type !== "compensation.planned") continue;
    for (const [ordinal, { tool }] of event.calls.entries())
      tools.set(toPlace({ step: event.step, ordinal }), toToolName(tool));
  }
  return tools;
}

const failures: ReadonlySet<string> = new Set(["run.failed", "run.stopped", "run.parked"]);

export function toEventTone(shown: ShownEvent): Tone {
  const event = asRunEvent(shown);
  if (failures.has(event.type) || event.type === "model.failed") return "danger";
  if (event.type === "call.ended" && event.outcome !== "answered") return "danger";
  if (event.type === "run.completed") return "ok";
  const [family] = event.type.split(".", 1);
  if (family === "model") return "accent";
  if (family === "call" || family === "child") return "info";
  return family === "approval" || event.type === "run.waited" ? "warn" : "neutral";
}

/** One event in words; what somebody wrote stands in it as it is, and is made inert where it is shown. */
export function toEventLine(shown: ShownEvent, tools: Tools): string {
  const event = asRunEvent(shown);
  const call = (at: { readonly step: number; readonly ordinal: number }): string =>
    `${tools.get(toPlace(at)) ?? "a call"} (${toPlace(at)})`;
  switch (event.type) {
    case "run.created":
      return `agent ${event.agent}${event.parent === null ? "" : `, called by run ${event.parent.run}`}${event.forkOf === null ? "" : `, from step ${event.forkOf.step} of run ${event.forkOf.run}`}`;
    case "model.asked":
      return `step ${event.step}${event.for === "summary" ? ", for a summary" : ""}`;
    case "model.responded":
      return toAnswerLine(event);
    case "model.failed":
      return `step ${event.step}: ${event.code}${event.retryAtMs === null ? "" : `, again in ${toDuration(Math.max(0, event.retryAtMs - event.atMs))}`}`;
    case "call.started":
      return `${call(event)} is sent`;
    case "call.ended":
      return `${call(event)} ${event.outcome.replaceAll("_", " ")}${event.ms === undefined ? "" : ` after ${toDuration(event.ms)}`}`;
    case "call.deferred":
      return `${call(event)} waits for ${awaitedWords[event.for] ?? event.for}${event.name === null ? "" : ` ${event.name}`}`;
    case "skill.read":
      return `${event.skill}: ${event.path}`;
    case "tools.found":
      return event.tools.join(", ") || "none";
    case "source.read":
      return `${event.source}, ${toCount(event.tokens)} tokens${event.isError ? ", without success" : ""}`;
    case "fact.read":
      return `${event.key}, because it was ${event.why}`;
    case "context.compacted":
      return `${toCount(event.tokens.before)} tokens become ${toCount(event.tokens.after)}`;
    case "approval.decided":
      return event.outcome;
    case "child.started":
      return `${call(event)} is run ${event.run}`;
    case "child.stopped":
      return `run ${event.run}: ${event.reason}`;
    case "child.ended":
      return `run ${event.run} ${event.outcome}`;
    case "compensation.planned":
      return `${event.calls.length} calls, asked by ${event.by}`;
    case "signal.received":
      return event.name;
    case "letter.dropped":
      return event.reason;
    default:
      return toStateLine(event);
  }
}

type Rest = Exclude<
  RunEvent,
  { type: Exclude<RunEvent["type"], `run.${string}` | "context.measured"> | "run.created" }
>;

function toStateLine(event: Rest): string {
  switch (event.type) {
    case "run.waited":
      return `for ${awaitedWords[event.for] ?? event.for}`;
    case "run.woken":
      return `after ${awaitedWords[event.by] ?? event.by}`;
    case "run.paused":
    case "run.resumed":
    case "run.cancelled":
      return `by ${event.by}`;
    case "run.stopped":
      return `${event.reason}: ${event.detail}`;
    case "run.parked":
      return event.reason;
    case "run.failed":
      return `${event.code}: ${event.detail}`;
    case "run.partly_completed":
      return `${event.done.length} done, ${event.open.length} open, ${event.unknown.length} unknown`;
    default:
      return "";
  }
}

function toAnswerLine({ step, backend, calls, stop, usage }: EventOf<"model.responded">): string {
  const named = calls.map(({ tool }) => toToolName(tool)).join(", ");
  const said = calls.length === 0 ? (stop === "ended" ? "answers" : stop) : `calls ${named}`;
  const tokens = usage.output === null ? "" : `, ${toCount(usage.output)} tokens`;
  return `step ${step}: ${said} (${backend}${tokens})`;
}
