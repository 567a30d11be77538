import type { Digest, RunId } from "../model/index.ts";
import { toFailure, type Failure } from "../model/failure-class.ts";
import { toRunMove, type RunEvent } from "../model/run-event.ts";
import { runStates, type RunMove, type RunState } from "../model/run-states.ts";
import { transition, type Transition } from "../model/state-table.ts";
import { toRunTrace } from "../model/trace-context.ts";
import type { NumberedEvent } from "../ports/run-desk.ts";
import { explainExecution, type Execution } from "./explain-execution.ts";

type Event<Type extends RunEvent["type"]> = Extract<RunEvent, { type: Type }>;
type Created = Event<"run.created">;
type Wait = Event<"run.waited">["for"];

/** A run from the outside in: each layer with its time, and what failed there; null: nothing did. */
export interface RunExplanation {
  readonly run: RunId;
  readonly trace: string;
  readonly head: number;
  readonly identity: Identity;
  readonly admission: Admission;
  readonly state: Standing;
  readonly execution: Execution;
  readonly delivery: Delivery;
}

export interface Identity {
  readonly atMs: number;
  readonly created: Created;
  readonly deadline: {
    readonly atMs: number;
    /** When it was asked for, and at its last event; below nothing: it was over by then. */
    readonly leftAtStartMs: number;
    readonly leftMs: number;
    /** Somebody has moved it since. */
    readonly isMoved: boolean;
  } | null;
}

export interface Admission {
  readonly askedMs: number;
  /** Null: no worker has taken it yet. */
  readonly startedMs: number | null;
  readonly waits: readonly RunPause[];
  /** Workers that went away while a model was asked, so that another one took over. */
  readonly lostMs: readonly number[];
  readonly failure: Failure | null;
}

/** A time in which the run did nothing. */
export interface RunPause {
  readonly for: Wait | "resume";
  readonly fromMs: number;
  /** Null: it goes on. */
  readonly untilMs: number | null;
  /** Until when it was to wait at most. */
  readonly limitMs: number | null;
}

export interface Standing {
  readonly state: RunState;
  readonly seq: number;
  readonly atMs: number;
  readonly by: { readonly event: RunEvent["type"]; readonly who: string | null };
  readonly detail: string | null;
  readonly paused: number;
  readonly resumed: number;
  readonly stopped: number;
  readonly failure: Failure | null;
}

export interface Delivery {
  /** Null: there is no output. */
  readonly ready: {
    readonly seq: number;
    readonly atMs: number;
    readonly output: Digest;
  } | null;
  /** What webhooks that ask for it are told, by its id. */
  readonly announced: readonly {
    readonly id: string;
    readonly type: "run.ended" | "run.stopped";
    readonly atMs: number;
  }[];
  readonly failure: Failure | null;
}

/** From the log and nothing else: the same log is explained by the same words, whoever asks. */
export function explainRun(run: RunId, events: readonly NumberedEvent[]): RunExplanation {
  const [first] = events;
  if (first === undefined || first.event.type !== "run.created")
    throw new Error("a run's log begins with another event than its creation");
  const created = first.event;
  const moves = listMoves(events);
  const state = toStanding(moves, { seq: first.seq, event: created });
  return {
    run,
    trace: toRunTrace(created),
    head: events.at(-1)!.seq,
    identity: toIdentity(created, events),
    admission: toAdmission(events, moves),
    state,
    execution: explainExecution(events),
    delivery: toDelivery(run, moves, state),
  };
}

interface Move extends NumberedEvent {
  readonly from: RunState;
  readonly to: RunState;
}

function listMoves(events: readonly NumberedEvent[]): readonly Move[] {
  const moves: Move[] = [];
  let from: RunState = runStates.initial;
  for (const { seq, event } of events) {
    const move = toRunMove(event);
    if (move === null) continue;
    const step: Transition<RunState, RunMove> = transition(runStates, from, move);
    if (step.kind === "refused") throw new Error(`${event.type} cannot happen to a ${from} run`);
    moves.push({ seq, event, from, to: step.to });
    from = step.to;
  }
  return moves;
}

function toIdentity(created: Created, events: readonly NumberedEvent[]): Identity {
  const moved = events.findLast(
    (each): each is NumberedEvent & { event: Event<"run.resumed"> } =>
      each.event.type === "run.resumed" && each.event.deadlineMs !== null,
  );
  const deadlineMs = moved?.event.deadlineMs ?? created.deadlineMs;
  const { atMs } = created;
  if (deadlineMs === null) return { atMs, created, deadline: null };
  const deadline = {
    atMs: deadlineMs,
    leftAtStartMs: (created.deadlineMs ?? deadlineMs) - atMs,
    leftMs: deadlineMs - events.at(-1)!.event.atMs,
    isMoved: moved !== undefined,
  };
  return { atMs, created, deadline };
}

function toAdmission(events: readonly NumberedEvent[], moves: readonly Move[]): Admission {
  const started = moves.find(({ event }) => event.type === "run.started");
  const ended = moves.find(({ from }) => from === "queued");
  const lost = events.filter(
    ({ event }) => event.type === "model.failed" && event.code === "worker_lost",
  );
  return {
    askedMs: events[0]!.event.atMs,
    startedMs: started?.event.atMs ?? null,
    waits: listPauses(moves),
    lostMs: lost.map(({ event }) => event.atMs),
    failure: started === undefined && ended !== undefined ? toReason(ended.event) : null,
  };
}

const resting: ReadonlySet<RunState> = new Set(["paused", "stopped", "partial", "parked"]);

function listPauses(moves: readonly Move[]): readonly RunPause[] {
  return moves.flatMap(({ event, to }, at): readonly RunPause[] => {
    const untilMs = moves[at + 1]?.event.atMs ?? null;
    const time = { fromMs: event.atMs, untilMs };
    if (event.type === "run.waited") return [{ for: event.for, ...time, limitMs: event.untilMs }];
    return resting.has(to) ? [{ for: "resume", ...time, limitMs: null }] : [];
  });
}

function toStanding(moves: readonly Move[], first: NumberedEvent): Standing {
  const last = moves.at(-1);
  const { seq, event } = last ?? first;
  const count = (type: RunEvent["type"]) => moves.filter((each) => each.event.type === type).length;
  return {
    state: last?.to ?? runStates.initial,
    seq,
    atMs: event.atMs,
    by: { event: event.type, who: "by" in event ? event.by : null },
    detail: toDetail(event),
    paused: count("run.paused"),
    resumed: count("run.resumed"),
    stopped: count("run.stopped"),
    failure: toReason(event),
  };
}

/** Null where what happened is no failure. */
function toReason(event: RunEvent): Failure | null {
  switch (event.type) {
    case "run.stopped":
      return toFailure(event.reason);
    case "run.parked":
      return toFailure("parked");
    case "run.failed":
      return toFailure(event.code);
    case "run.cancelled":
      return toFailure("cancelled");
    case "run.partly_completed":
      return toFailure("partial");
    default:
      return null;
  }
}

function toDetail(event: RunEvent): string | null {
  if (event.type === "run.parked") return event.reason;
  if (event.type === "run.stopped" || event.type === "run.failed") return event.detail;
  return null;
}

const ended: ReadonlySet<RunState> = new Set(["completed", "failed", "cancelled"]);
const stopped: ReadonlySet<RunState> = new Set(["partial", "stopped", "parked"]);

function toDelivery(run: RunId, moves: readonly Move[], state: Standing): Delivery {
  const announced = moves.flatMap(({ seq, event: { atMs }, to }): Delivery["announced"] => {
    const id = `${run}_${seq}`;
    if (ended.has(to)) return [{ id, type: "run.ended", atMs }];
    return stopped.has(to) ? [{ id, type: "run.stopped", atMs }] : [];
  });
  const last = moves.at(-1);
  const ready =
    last !== undefined && "output" in last.event
      ? { seq: last.seq, atMs: last.event.atMs, output: last.event.output }
      : null;
  const isOver = ended.has(state.state);
  return { ready, announced, failure: ready === null && isOver ? state.failure : null };
}
