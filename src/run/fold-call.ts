import { isOwnEffect, type RunEvent } from "../model/run-event.ts";
import { foldFacts } from "./fold-context.ts";
import { spend } from "./spend.ts";
import { findCall, isEnded, isSameCall, type CallView, type Placed, type RunView } from "./view.ts";

type Ended = Extract<RunEvent, { type: "call.ended" }>;

/** What an event says about one call of the run. */
export function foldCall(view: RunView, event: RunEvent): RunView {
  switch (event.type) {
    case "call.started":
      return update(view, event, (call) => ({
        ...call,
        state: { kind: "started" },
        entry: event.entry,
      }));
    case "call.deferred": {
      const { for: what, approval, name, untilMs } = event;
      const state = { kind: "deferred", for: what, approval, name, untilMs } as const;
      const more = what === "timer" ? 1 : 0;
      return update(view, event, (call) => ({ ...call, state, putOff: call.putOff + more }));
    }
    case "call.ended":
      return end(view, event);
    case "approval.decided":
      return updateAll(view, (call) =>
        call.state.kind === "deferred" && call.state.approval === event.approval
          ? { ...call, state: { kind: "planned" } }
          : call,
      );
    case "child.started": {
      const { run, step, ordinal } = event;
      const children = { ...view.children, [run]: { step, ordinal, state: "running" as const } };
      return update({ ...view, children }, event, (call) => ({
        ...call,
        state: { kind: "child", run },
      }));
    }
    case "child.stopped": {
      const child = view.children[event.run];
      if (child === undefined) throw new Error("a child stopped that is none");
      const children = { ...view.children, [event.run]: { ...child, state: "stopped" as const } };
      return { ...view, children };
    }
    case "child.ended":
      return endChild(view, event);
    default:
      return view;
  }
}

function end(view: RunView, event: Ended): RunView {
  const { outcome, result, cost, entry } = event;
  const counted = spend(view, cost);
  const ended = update(counted, event, (call) => ({
    ...call,
    entry: entry ?? call.entry,
    state: { kind: "ended", outcome, result },
  }));
  const call = find(view, event);
  return sign({
    ...foldFacts(withResult(ended, event, result), event),
    lastEnded: isTools(call) ? noteEnd(view, call) : view.lastEnded,
    tools: isTools(call) && outcome !== "unavailable" ? trouble(view, call, event) : view.tools,
  });
}

function endChild(view: RunView, event: Extract<RunEvent, { type: "child.ended" }>): RunView {
  const { run, step, ordinal, result } = event;
  const outcome = event.outcome === "completed" ? "answered" : "tool_error";
  const children = { ...view.children, [run]: { step, ordinal, state: "ended" as const } };
  const ended = update({ ...view, children }, event, (call) => ({
    ...call,
    state: { kind: "ended", outcome, result },
  }));
  const lastEnded = noteEnd(view, find(view, event));
  return sign({ ...withResult(ended, event, result), lastEnded });
}

/** By the log's own order: clocks of two replicas do not tell which came first. */
function noteEnd({ lastEnded, step }: RunView, { tool }: CallView): RunView["lastEnded"] {
  return { ...lastEnded, [tool]: step };
}

function withResult(view: RunView, { step, ordinal }: Placed, digest: Ended["result"]): RunView {
  const { turn, context } = view;
  const isAgain =
    turn !== null &&
    turn.compensates !== null &&
    context.some((part) => part.kind === "result" && isSameCall(part, { step, ordinal }));
  const kind = step === turn?.step && !isAgain ? "result" : "late";
  return { ...view, context: [...view.context, { kind, digest, step, ordinal }] };
}

/** Of a tool, not of the run itself, and not of something that a model made up. */
function isTools({ effect }: CallView): boolean {
  return !isOwnEffect(effect) && effect !== "refused";
}

/** Three failures in a row take a tool out for a while: it must not burn tokens. */
const maxFailures = 3;
const outMs = 30_000;

function trouble(view: RunView, { tool }: CallView, { outcome, atMs }: Ended): RunView["tools"] {
  if (outcome === "answered" || outcome === "denied") {
    const { [tool]: _, ...others } = view.tools;
    return others;
  }
  const failures = (view.tools[tool]?.failures ?? 0) + 1;
  const outUntilMs = failures % maxFailures === 0 ? atMs + outMs : 0;
  return { ...view.tools, [tool]: { failures, outUntilMs } };
}

/** As many as show a loop of three turns that repeats itself three times. */
const maxSignatures = 9;

/**
 * Once a turn is carried out: what was asked for, and what came of it. Who waits and looks again is in
 * no loop: time goes on meanwhile, and steps and the deadline bound it.
 */
function sign(view: RunView): RunView {
  const { turn } = view;
  if (turn === null || !turn.calls.every(isEnded)) return view;
  if (turn.calls.some(({ effect }) => effect === "wait")) return { ...view, signatures: [] };
  const signature = turn.calls
    .map(({ tool, args, state }) => `${tool} ${args} ${state.kind === "ended" ? state.result : ""}`)
    .join("\n");
  return { ...view, signatures: [...view.signatures, signature].slice(-maxSignatures) };
}

function find(view: RunView, place: Placed): CallView {
  const call = findCall(view, place);
  if (call === undefined) throw new Error(`there is no call ${place.step}/${place.ordinal}`);
  return call;
}

function update(view: RunView, place: Placed, change: (call: CallView) => CallView): RunView {
  const call = find(view, place);
  if (isEnded(call)) throw new Error(`call ${place.step}/${place.ordinal} has ended before`);
  const { turn } = view;
  const one = (each: CallView): CallView => (each === call ? change(each) : each);
  // Most are of this turn: what the run has done before, which may be very much, stays as it is.
  if (turn?.calls.includes(call) === true)
    return { ...view, turn: { ...turn, calls: turn.calls.map(one) } };
  return { ...view, effects: view.effects.map(one) };
}

function updateAll(view: RunView, change: (call: CallView) => CallView): RunView {
  const { turn, effects } = view;
  return {
    ...view,
    turn: turn === null ? null : { ...turn, calls: turn.calls.map(change) },
    effects: effects.map(change),
  };
}
