import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { scaled, seed } from "../../test/scale.ts";
import { approvalStates } from "./approval-states.ts";
import { breakerStates } from "./breaker-states.ts";
import { callStates } from "./call-states.ts";
import { rolloutStates } from "./rollout-states.ts";
import { runStates } from "./run-states.ts";
import { isTerminal, listEvents, transition, type StateTable } from "./state-table.ts";

const tables: readonly StateTable<string, string>[] = [
  runStates,
  approvalStates,
  rolloutStates,
  breakerStates,
  callStates,
];
const terminals: Readonly<Record<string, readonly string[]>> = {
  run: ["completed", "failed", "cancelled"],
  approval: ["denied", "expired", "consumed", "voided"],
  rollout: ["completed", "rolled_back"],
  breaker: [],
  call: ["done", "failed"],
};

describe.each(tables)("$name", (table) => {
  const states = Object.keys(table.moves);
  const events = [...new Set(states.flatMap((state) => listEvents(table, state)))];
  // Names that a plain object has by inheritance must not lead anywhere.
  const anyEvent = fc.constantFrom(...events, "toString", "constructor", "__proto__", "");

  test("no sequence of events leaves the table, and a terminal state absorbs", () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 40 }), (sequence) => {
        let state = table.initial;
        for (const event of sequence) {
          const step = transition(table, state, event);
          if (isTerminal(table, state)) expect(step.kind).toBe("refused");
          if (step.kind === "moved") state = step.to;
          else expect(step).toEqual({ kind: "refused", from: state, event });
          expect(states).toContain(state);
        }
      }),
      { numRuns: scaled({ test: 500, prove: 10_000 }), seed: seed() },
    );
  });

  test("its terminal states are these, and each state can be reached", () => {
    expect(states.filter((state) => isTerminal(table, state))).toEqual(terminals[table.name]);
    const reached = new Set([table.initial]);
    for (const state of reached) {
      for (const event of listEvents(table, state)) {
        const step = transition(table, state, event);
        if (step.kind === "moved") reached.add(step.to);
      }
    }
    expect([...reached].toSorted()).toEqual(states.toSorted());
  });
});
