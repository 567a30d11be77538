import type { RunFacts } from "../model/run-facts.ts";
import { isOwnEffect } from "../model/run-event.ts";
import { listUnfinished, type Placed, type RunView } from "./view.ts";

/**
 * As of the run itself, not of its tree. Calls that are made at once are asked about before any of them
 * has ended: each counts those that stand before it, or a rule that counts would let all of them pass.
 */
export function toRunFacts(view: RunView, { step, ordinal }: Placed): RunFacts {
  const { spent } = view.budget;
  const ahead = listUnfinished(view).filter(
    (each) =>
      !isOwnEffect(each.effect) &&
      (each.step < step || (each.step === step && each.ordinal < ordinal)),
  );
  return { step, calls: spent.calls + ahead.length, spentMicros: spent.micros };
}
