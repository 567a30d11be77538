import fc from "fast-check";
import { expect, test } from "vitest";
import { ada, makeCall, makeRequest, makeRun, makeTool } from "../../test/made-up-call.ts";
import { scaled, seed } from "../../test/scale.ts";
import {
  decisionSchema,
  intentSchema,
  toDigest,
  toIntentDigest,
  type Decision,
} from "../model/index.ts";
import type { Decider } from "../ports/decider.ts";
import type { GateRequest } from "../ports/gate.ts";
import { emptyLeakScan } from "../ports/leak-scan.ts";
import { createManualClock } from "../ports/manual-clock.ts";
import type { Call } from "./call.ts";
import { createDecide, type Verdict } from "./decide.ts";
import { toIntent } from "./kept-call.ts";

const clock = createManualClock(1_700_000_000_000);
const guard = { scan: emptyLeakScan, noteLeak: () => undefined };
const salt = () => "5a".repeat(32);
const open = (decider: Decider) => createDecide({ decider, clock, salt, guard });
const saying = (decision: Decision): Decider => ({
  decide: () => decision,
  keepsLabels: false,
  readsLabels: () => false,
});

const reasons = fc
  .subarray(["one", "two", "three"])
  .map((rules) => rules.map((rule) => ({ rule, text: `See ${rule}.`, remedy: null })));
const approver = fc.record({
  who: fc.constantFrom("self", "role:finance", "role:law"),
  quorum: fc.integer({ min: 1, max: 3 }),
  passkey: fc.boolean(),
});
const obligation = fc.oneof(
  fc.record({ kind: fc.constant("redact"), pointers: fc.subarray(["/a", "/b"]) }),
  fc.record({ kind: fc.constant("rate"), calls: fc.constantFrom(1, 5), perMs: fc.constant(1_000) }),
);
const owed = fc
  .array(obligation, { maxLength: 2 })
  .map((obligations) => ({ obligations, obligedBy: obligations.map((_, at) => `owed-${at}`) }));
const decisionArbitrary: fc.Arbitrary<Decision> = fc
  .tuple(
    fc.constantFrom("allow", "ask", "deny"),
    fc.constantFrom("a", "b", "c").map(toDigest),
    reasons,
    owed,
    fc.array(approver, { minLength: 1, maxLength: 3 }),
  )
  .map(([kind, policy, given, owes, approvers]) =>
    decisionSchema.parse({
      kind,
      policy,
      reasons: given,
      ...(kind === "deny" ? {} : owes),
      ...(kind === "ask" ? { approvers } : {}),
    }),
  );

const inRun = (rules: Decider | null, more: object = {}): Call =>
  makeCall({ request: makeRequest({ run: makeRun({ rules, ...more }) }) });

function toDecision(verdict: Verdict): Decision {
  if (verdict.kind === "allowed") return verdict.call.decision;
  if (verdict.kind === "refused") return verdict.decision;
  throw new Error(verdict.kind);
}

const strictness = { allow: 0, ask: 1, deny: 2 };
const owedBy = (decision: Decision) => (decision.kind === "deny" ? [] : decision.obligations);

test("I7: under two sets of rules never more is allowed than under either alone", () => {
  fc.assert(
    fc.property(decisionArbitrary, decisionArbitrary, (current, begun) => {
      const decision = toDecision(open(saying(current))(inRun(saying(begun)), []));
      const strictest = Math.max(strictness[current.kind], strictness[begun.kind]);
      expect(strictness[decision.kind]).toBe(strictest);
      if (decision.kind === "deny") return;
      for (const one of [current, begun]) {
        expect(decision.obligations).toEqual(expect.arrayContaining([...owedBy(one)]));
        if (one.kind !== "ask") continue;
        const asked = decision.kind === "ask" ? decision.approvers : [];
        expect(asked).toEqual(expect.arrayContaining([...one.approvers]));
      }
    }),
    { seed: seed(), numRuns: scaled({ test: 500, prove: 20_000 }) },
  );
});

test("I7: the intent says under which of both it was, in their order", () => {
  const allow = (policy: string): Decision => ({
    kind: "allow",
    policy: toDigest(policy),
    reasons: [],
    obligations: [],
  });
  const pairs = ["aa", "ab", "ba", "bb"].map((pair) => {
    const [current, begun] = pair.split("").map((one) => saying(allow(one)));
    return open(current!)(inRun(begun!), []);
  });
  const alone = open(saying(allow("a")))(inRun(null), []);
  const intents = [...pairs, alone].map((verdict) =>
    verdict.kind === "allowed" ? verdict.call.intent : null,
  );
  expect(new Set(intents.map((intent) => intent?.policy)).size).toBe(5);
  expect(new Set(intents.map((intent) => intent?.digest)).size).toBe(5);
  expect(intents.at(-1)?.policy).toBe(toDigest("a"));
  // What the entry says of the decision is the same.
  for (const verdict of pairs)
    expect(verdict.kind === "allowed" && verdict.call.decision.policy).toBe(
      verdict.kind === "allowed" && verdict.call.intent.policy,
    );
});

test("I7: the rules of the bundle are asked what the rules in force are asked, yes or not", () => {
  const allow = toAllow();
  const asked: unknown[] = [];
  const noting: Decider = {
    ...saying(allow),
    decide: (question) => (asked.push(question), allow),
  };
  const call = inRun(noting);
  open(noting)(call, ["untrusted"]);
  expect(asked).toHaveLength(2);
  expect(asked[1]).toEqual(asked[0]);
  expect(asked[1]).toMatchObject({ labels: ["untrusted"], approved: false });
  const yes = { id: "018bcfe5-6800-7101-8101-010101010101" as never, isUsed: true, round: "" };
  open(noting)(call, [], { ...yes, made: null, rules: [] });
  expect(asked[3]).toMatchObject({ approved: true });
});

test("rules of the bundle that cannot be asked are a bug, and nothing is allowed", () => {
  const broken: Decider = {
    ...saying(toAllow()),
    decide() {
      throw new Error("not compiled");
    },
  };
  expect(() => open(saying(toAllow()))(inRun(broken), [])).toThrow("not compiled");
});

function toAllow(): Decision {
  return { kind: "allow", policy: toDigest("all"), reasons: [], obligations: [] };
}

test("I3: the intent that is kept is the one that was decided on, run and agent and all", () => {
  const actor = { agent: "travel", bundle: toDigest("bundle") };
  const requests = fc.record({
    principal: fc.constantFrom(ada, { ...ada, actor }),
    run: fc.option(
      fc
        .record({ step: fc.nat(9), ordinal: fc.nat(63) })
        .map((place) => makeRun({ ...place, rules: saying(toAllow()) })),
      { nil: undefined },
    ),
  });
  fc.assert(
    fc.property(requests, ({ principal, run }) => {
      const request = makeRequest({ principal, ...(run === undefined ? {} : { run }) });
      const verdict = open(saying(toAllow()))(makeCall({ request, args: { a: [1, "é"] } }), []);
      if (verdict.kind !== "allowed") throw new Error(verdict.kind);
      const intent = intentSchema.parse(toIntent(verdict.call));
      expect(toIntentDigest(intent)).toBe(verdict.call.intent.digest);
      expect(intent).toMatchObject({
        agent: principal.actor?.agent ?? null,
        bundle: principal.actor?.bundle ?? null,
        run: run?.run ?? null,
        step: run?.step ?? null,
      });
      expect(intent.ordinal).toBe(run?.ordinal);
    }),
    { seed: seed(), numRuns: scaled({ test: 200, prove: 5_000 }) },
  );
});

test("I3: another run, step, place, agent or bundle is another intent", () => {
  const run = (more: object) => ({ run: makeRun(more) });
  const acting = (agent: string, bundle: string) => ({
    principal: { ...ada, actor: { agent, bundle: toDigest(bundle) } },
  });
  const requests: readonly Partial<GateRequest>[] = [
    {},
    run({}),
    run({ step: 1 }),
    run({ ordinal: 1 }),
    run({ run: "018bcfe5-6800-7101-8101-010101010102" }),
    acting("travel", "one"),
    acting("travel", "two"),
    acting("other", "one"),
  ];
  const decide = open(saying(toAllow()));
  const digests = requests.map((more) => {
    const verdict = decide(makeCall({ request: makeRequest(more), tool: makeTool("act") }), []);
    return verdict.kind === "allowed" ? verdict.call.intent.digest : null;
  });
  expect(new Set(digests).size).toBe(requests.length);
  expect(digests).not.toContain(null);
});
