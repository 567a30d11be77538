import type { RunEvent } from "../model/run-event.ts";
import type { Amounts } from "../model/budget.ts";
import { toDay, type Cost } from "../ports/cost-rows.ts";
import { storeLimits } from "../ports/store-limits.ts";
import { findCall, type RunView } from "./view.ts";

/** What events of a run have cost, as one sum for each day and source. The view has them folded in. */
export function listCosts(view: RunView, events: readonly RunEvent[]): readonly Cost[] {
  const sums = new Map<string, Cost>();
  for (const event of events) {
    const cost = toCost(view, event);
    if (cost === null) continue;
    const key = `${cost.day} ${cost.kind} ${cost.name}`;
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
  return { day: toDay(event.atMs), kind: paid.kind, name: toName(paid.name), micros, tokens };
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

/** A name that is too long for a key is none: that the run goes on is worth more. */
function toName(name: string | null): string | null {
  if (name === null || name === "" || name.includes("\0")) return null;
  return Buffer.byteLength(name) <= storeLimits.nameBytes ? name : null;
}
