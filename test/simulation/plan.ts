import fc from "fast-check";

/** What the model of a run will ask for, turn by turn; then it says that it is done. */
export interface Plan {
  readonly turns: readonly (readonly PlannedTool[])[];
  /** Plans of the sub-agents that it asks for, in their order. */
  readonly children: readonly Plan[];
}

export type PlannedTool =
  | { readonly tool: "t__read" | "t__write" | "t__ask"; readonly n: number }
  | { readonly tool: "agents__child" }
  | { readonly tool: "run__wait"; readonly seconds: number }
  | { readonly tool: "run__wait_for_signal"; readonly seconds: number };

const simple = fc.oneof(
  { weight: 3, arbitrary: fc.constant("t__read" as const) },
  { weight: 3, arbitrary: fc.constant("t__write" as const) },
  { weight: 2, arbitrary: fc.constant("t__ask" as const) },
);

const toolArbitrary: fc.Arbitrary<PlannedTool> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ tool: simple, n: fc.nat(5) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      tool: fc.constant("run__wait" as const),
      seconds: fc.integer({ min: 1, max: 90 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      tool: fc.constant("run__wait_for_signal" as const),
      seconds: fc.integer({ min: 1, max: 90 }),
    }),
  },
);

const leaf: fc.Arbitrary<Plan> = fc.record({
  turns: fc.array(fc.array(toolArbitrary, { minLength: 1, maxLength: 3 }), { maxLength: 2 }),
  children: fc.constant([]),
});

export const planArbitrary: fc.Arbitrary<Plan> = fc
  .record({
    turns: fc.array(fc.array(toolArbitrary, { minLength: 1, maxLength: 4 }), { maxLength: 3 }),
    children: fc.array(leaf, { maxLength: 2 }),
    at: fc.nat(3),
  })
  .map(({ turns, children, at }) => ({
    children,
    turns:
      children.length === 0
        ? turns
        : turns.toSpliced(Math.min(at, turns.length), 0, [
            ...children.map(() => ({ tool: "agents__child" }) as const),
          ]),
  }));
