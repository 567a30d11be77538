import type { RunEvent } from "../model/run-event.ts";
import type { Amounts } from "../model/budget.ts";
import { toCostKey, toDay, type Cost } from "../ports/cost-rows.ts";
import { toKeptName } from "../ports/storable-cost.ts";
import { findCall, type RunView } from "./view.ts";

/** What events of a run have cost, as one sum for each day and source. The view has them folded in. */
export function listCosts(view: RunView, events: readonly RunEvent[]): readonly Cost[] {
  const sums = new Map<string, Cost>();
  for (const event of events) {
    const cost = toCost(view, event);
    if (cost === null) continue;
    const key = toCostKey(cost);
    const known = sums.get(key);
    const { micros, tokens } = known ?? { micros: 0, tokens: 0 };
    sums.set(key, { ...cost, micros: cost.micros + micros, tokens: cost.tokens + tokens });
  }
  return [...sums.values()];
}

function toCost(view: RunView, event: RunEvent): Cost | null {
  const paid = toPaid(view, event);
  if (paid === null) return null;
  const { micros, tokens } = paid.cost;
  if (micros === 0 && tokens === 0) return null;
  return { day: toDay(event.atMs), kind: paid.kind, name: toKeptName(paid.name), micros, tokens };
}

interface Paid {
  readonly kind: Cost["kind"];
  readonly name: string | null;
  readonly cost: Amounts;
}

function toPaid(view: RunView, event: RunEvent): Paid | null {
  switch (event.type) {
    case "model.responded":
    case "context.compacted":
      return { kind: "model", name: event.backend, cost: event.cost };
    // Which of a route's backends took it and did not answer, the event does not say.
    case "model.failed":
      return { kind: "model", name: null, cost: event.cost };
    case "call.ended":
      return { kind: "tool", name: findCall(view, event)?.tool ?? null, cost: event.cost };
    case "source.read":
      if (event.cost === undefined) return null;
      return { kind: "tool", name: event.source, cost: event.cost };
    case "fact.read":
      return { kind: "tool", name: null, cost: event.cost };
    default:
      return null;
  }
}
