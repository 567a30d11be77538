import {
  createBudget,
  raiseBudget,
  reserveBudget,
  settleBudget,
  type Caps,
} from "../model/budget.ts";
import type { PlannedCall, RunEvent } from "../model/run-event.ts";
import { toRunMove } from "../model/run-event.ts";
import { runStates, type RunMove, type RunState } from "../model/run-states.ts";
import { transition } from "../model/state-table.ts";
import { foldCall } from "./fold-call.ts";
import { foldContext } from "./fold-context.ts";
import { foldSnapshot, toCompaction } from "./fold-snapshot.ts";
import { isOpenEffect, isUnknown, listEffects } from "./effects.ts";
import { mapValues } from "../lib/map-values.ts";
import { toFactor } from "./measure.ts";
import type { CallView, Child, RunView, Turn } from "./view.ts";

/** I6: what a run is now is this, over its events, and nothing else. Null: no event yet. */
export function fold(view: RunView | null, event: RunEvent): RunView {
  if (view === null) {
    if (event.type !== "run.created") throw new Error(`a run begins with ${event.type}`);
    return create(event);
  }
  if (event.type === "run.created") throw new Error("a run is created twice");
  const move = toRunMove(event);
  const state = move === null ? view.state : moveTo(view.state, move);
  const inbox = "inbox" in event && event.inbox !== null ? event.inbox : view.inbox;
  // Whatever leads out of waiting, it waits for nothing any more.
  const waits = state === "waiting" ? view.waits : null;
  const leaf = "leaf" in event && event.leaf !== undefined ? event.leaf : view.leaf;
  return Object.freeze(change({ ...view, state, inbox, waits, leaf }, event));
}

function moveTo(from: RunState, move: RunMove): RunState {
  const moved = transition(runStates, from, move);
  if (moved.kind === "moved") return moved.to;
  throw new Error(`a run that is ${from} cannot be ${move}`);
}

function create(created: Extract<RunEvent, { type: "run.created" }>): RunView {
  const { input, context, caps, maxSteps, deadlineMs } = created;
  const first = { kind: "input", digest: input, step: 0, ordinal: 0 } as const;
  return Object.freeze({
    state: runStates.initial,
    created,
    budget: createBudget(caps),
    maxSteps,
    deadlineMs,
    step: created.forkOf === null ? 0 : created.forkOf.step + 1,
    asks: 0,
    context: context.length === 0 ? [first] : context,
    sources: {},
    compaction: toCompaction(created.compaction ?? null, context),
    snapshot: null,
    listed: { parts: 0, compacted: 0 },
    measured: { estimated: 0, factor: 1 },
    lastEnded: {},
    found: created.found ?? [],
    facts: {},
    asked: null,
    failures: 0,
    retryAtMs: null,
    turn: null,
    effects: [],
    tools: {},
    signatures: [],
    children: {},
    inbox: 0,
    waits: null,
    leaf: null,
    reason: null,
    output: null,
    quality: null,
  });
}

function change(view: RunView, event: RunEvent): RunView {
  switch (event.type) {
    case "model.asked":
      return ask(view, event);
    case "model.responded":
      return respond(view, event);
    case "model.failed":
      return {
        ...settle(view, event.cost),
        failures: view.failures + 1,
        retryAtMs: event.retryAtMs,
      };
    case "context.compacted": {
      const compaction = toCompaction(event, view.context);
      return { ...settle(view, event.cost), compaction, failures: 0 };
    }
    case "context.measured":
      return { ...view, quality: event.quality };
    case "source.read":
    case "tools.found":
    case "fact.read":
      return foldContext(view, event);
    case "compensation.planned":
      return plan(view, event);
    case "signal.received": {
      const part = { kind: "signal", digest: event.payload, step: view.step, ordinal: 0 } as const;
      return { ...view, context: [...view.context, part] };
    }
    case "run.waited":
      return { ...view, waits: { for: event.for, untilMs: event.untilMs } };
    case "run.resumed":
      return resume(view, event);
    case "run.stopped":
      return { ...view, reason: { code: event.reason, detail: event.detail } };
    case "run.parked":
      return { ...view, reason: { code: "parked", detail: event.reason } };
    case "run.failed":
      return { ...view, reason: { code: event.code, detail: event.detail } };
    case "run.completed":
    case "run.partly_completed":
      return { ...view, output: event.output };
    default:
      return foldCall(view, event);
  }
}

function ask(view: RunView, event: Extract<RunEvent, { type: "model.asked" }>): RunView {
  // It was held once the caps allowed it: here it is counted, and never refused.
  const counted = reserveBudget({ ...view.budget, caps: uncapped }, event.held);
  if (counted.kind === "refused") throw new Error("more is held than can be counted");
  const budget = { ...counted.budget, caps: view.budget.caps };
  return {
    ...view,
    budget,
    asks: view.asks + 1,
    asked: { step: event.step, held: event.held, isForSummary: event.for === "summary" },
    ...(event.snapshot === undefined ? {} : foldSnapshot(view, event.context, event.snapshot)),
    retryAtMs: null,
  };
}

const uncapped = { micros: null, tokens: null, calls: null };

function settle(view: RunView, cost: RunView["budget"]["spent"]): RunView {
  if (view.asked === null) throw new Error("an answer came that nobody had asked for");
  return { ...view, budget: settleBudget(view.budget, view.asked.held, cost), asked: null };
}

function respond(view: RunView, event: Extract<RunEvent, { type: "model.responded" }>): RunView {
  const { step, response, stop, cost, usage, backend } = event;
  const calls = toCalls(step, event.calls);
  const turn: Turn = { step, stop, response, calls, compensates: null, backend };
  const measured = { ...view.measured, factor: toFactor(view.measured.estimated, usage.input) };
  return { ...begin(settle(view, cost), turn), measured, failures: 0 };
}

function plan(view: RunView, event: Extract<RunEvent, { type: "compensation.planned" }>): RunView {
  const { step, response, calls, by } = event;
  return begin(view, { step, stop: null, response, calls: toCalls(step, calls), compensates: by });
}

function begin(view: RunView, turn: Turn): RunView {
  const { step, response } = turn;
  const part = { kind: "response", digest: response, step, ordinal: 0 } as const;
  return {
    ...view,
    step: step + 1,
    context: [...view.context, part],
    turn,
    effects: listEffects(view),
  };
}

function toCalls(step: number, calls: readonly PlannedCall[]): readonly CallView[] {
  return calls.map((call, ordinal) => ({
    ...call,
    step,
    ordinal,
    state: { kind: "planned" },
    entry: null,
    again: 0,
    putOff: 0,
  }));
}

/** A person says go on: tools that were out are tried again, and loops are counted anew. */
function resume(view: RunView, event: Extract<RunEvent, { type: "run.resumed" }>): RunView {
  const { caps, maxSteps, deadlineMs } = event;
  const wasPartial = view.output !== null;
  return {
    ...view,
    budget:
      caps === null ? view.budget : raiseBudget(view.budget, toRaised(view.budget.caps, caps)),
    maxSteps: maxSteps ?? view.maxSteps,
    deadlineMs: deadlineMs ?? view.deadlineMs,
    signatures: [],
    tools: {},
    failures: 0,
    retryAtMs: null,
    reason: null,
    output: null,
    quality: null,
    ...(wasPartial ? reopenAll(view) : {}),
    children: mapValues(view.children, (child: Child): Child =>
      child.state === "stopped" ? { ...child, state: "running" } : child,
    ),
  };
}

/** Whoever raises one cap says nothing of the others: they stay. */
function toRaised(old: Caps, { micros, tokens, calls }: Caps): Caps {
  return {
    micros: micros ?? old.micros,
    tokens: tokens ?? old.tokens,
    calls: calls ?? old.calls,
  };
}

/** After a partial end, just what is open is made again: what nobody knows of is asked about, too. */
function reopenAll(view: RunView): Pick<RunView, "turn" | "effects"> {
  const { turn } = view;
  const effects = listEffects(view);
  const again = (call: CallView): CallView => reopen(effects, call);
  // Taking back goes on; what it takes back is not done once more.
  if (turn !== null && turn.compensates !== null)
    return { turn: { ...turn, calls: turn.calls.map(again) }, effects: view.effects };
  return { turn: null, effects: effects.map(again) };
}

function reopen(effects: readonly CallView[], call: CallView): CallView {
  const { state, effect, again } = call;
  if (!isUnknown(call) && !isOpenEffect(effects, call)) return call;
  const hasSaidNo = state.kind === "ended" && state.outcome === "tool_error";
  // A sub-agent is the same one again: another would do what it has done once more.
  const isAnew = hasSaidNo && effect !== "agent";
  // An intent that is known not to have been carried out is none any more.
  const entry = isUnknown(call) ? call.entry : null;
  return {
    ...call,
    entry,
    state: { kind: "planned" },
    again: isAnew ? again + 1 : again,
    putOff: 0,
  };
}
