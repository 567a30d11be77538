import fc from "fast-check";

/** What the model of a run will ask for, turn by turn; then it says that it is done. */
export interface Plan {
  readonly turns: readonly (readonly PlannedTool[])[];
  /** Plans of the sub-agents that it asks for, in their order. */
  readonly children: readonly Plan[];
  /** What goes wrong with the model, and how often, before it answers in that turn. */
  readonly faults: readonly ModelFault[];
}

export interface ModelFault {
  readonly turn: number;
  readonly code: "model_busy" | "model_unavailable" | "model_broken" | "model_refused";
  readonly times: number;
}

/**
 * `t__fails`: its server is away, and nothing was done; `t__errs`: it says itself that it did nothing;
 * `t__none`: there is no such tool; `t__garbled`: what the model wrote is no call.
 */
export type PlannedTool =
  | { readonly tool: (typeof simple)[number]; readonly n: number }
  | { readonly tool: "agents__child" }
  | { readonly tool: "run__wait" | "run__wait_for_signal"; readonly seconds: number };

const simple = [
  ...(["t__read", "t__write", "t__ask", "t__fails"] as const),
  ...(["t__errs", "t__none", "t__garbled"] as const),
];

const seconds = fc.integer({ min: 1, max: 90 });
const called = (tool: (typeof simple)[number]) =>
  fc.record({ tool: fc.constant(tool), n: fc.nat(5) });

const toolArbitrary: fc.Arbitrary<PlannedTool> = fc.oneof(
  { weight: 6, arbitrary: called("t__read") },
  { weight: 6, arbitrary: called("t__write") },
  { weight: 4, arbitrary: called("t__ask") },
  { weight: 1, arbitrary: called("t__fails") },
  { weight: 1, arbitrary: called("t__errs") },
  { weight: 1, arbitrary: fc.oneof(called("t__none"), called("t__garbled")) },
  { weight: 2, arbitrary: fc.record({ tool: fc.constant("run__wait" as const), seconds }) },
  {
    weight: 2,
    arbitrary: fc.record({ tool: fc.constant("run__wait_for_signal" as const), seconds }),
  },
);

const times = fc.integer({ min: 1, max: 2 });
const passing = fc.constantFrom<ModelFault["code"][]>(
  "model_busy",
  "model_unavailable",
  "model_broken",
);
const lasting = fc.constant<ModelFault["code"]>("model_refused");
const faultsArbitrary: fc.Arbitrary<readonly ModelFault[]> = fc.oneof(
  { weight: 4, arbitrary: fc.constant([]) },
  {
    weight: 2,
    arbitrary: fc.array(fc.record({ turn: fc.nat(3), code: passing, times }), {
      minLength: 1,
      maxLength: 2,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ turn: fc.nat(2), code: lasting, times }).map((fault) => [fault]),
  },
);

const leaf: fc.Arbitrary<Plan> = fc.record({
  turns: fc.array(fc.array(toolArbitrary, { minLength: 1, maxLength: 3 }), { maxLength: 2 }),
  children: fc.constant([]),
  faults: faultsArbitrary,
});

export const planArbitrary: fc.Arbitrary<Plan> = fc
  .record({
    turns: fc.array(fc.array(toolArbitrary, { minLength: 1, maxLength: 3 }), { maxLength: 2 }),
    children: fc.array(leaf, { maxLength: 2 }),
    faults: faultsArbitrary,
    at: fc.nat(3),
  })
  .map(({ turns, children, faults, at }) => ({
    children,
    faults,
    turns:
      children.length === 0
        ? turns
        : turns.toSpliced(
            Math.min(at, turns.length),
            0,
            children.map(() => ({ tool: "agents__child" }) as const),
          ),
  }));

/** What the run may use; whoever looks after it raises what has stopped it. */
export interface Limits {
  readonly calls: number | null;
  readonly micros: number | null;
  readonly maxSteps: number;
  readonly deadlineMs: number | null;
}

export const limitsArbitrary: fc.Arbitrary<Limits> = fc.record({
  calls: fc.option(fc.integer({ min: 1, max: 6 }), { freq: 1 }),
  micros: fc.option(fc.integer({ min: 5, max: 60 }), { freq: 1 }),
  maxSteps: fc.oneof(fc.constant(50), fc.integer({ min: 1, max: 3 })),
  deadlineMs: fc.option(fc.integer({ min: 1_000, max: 7_200_000 }), { freq: 2 }),
});

/** Somebody does something in the moment after a commit, whatever that was. */
export interface Act {
  readonly afterCommit: number;
  readonly kind: "pause" | "resume" | "signal" | "cancel";
}

export const actsArbitrary = (...kinds: readonly Act["kind"][]): fc.Arbitrary<readonly Act[]> =>
  fc.array(
    fc.record({
      afterCommit: fc.integer({ min: 1, max: 40 }),
      kind: fc.constantFrom(...kinds),
    }),
    { maxLength: 3 },
  );
