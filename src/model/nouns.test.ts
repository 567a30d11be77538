import fc from "fast-check";
import { expect, test } from "vitest";
import { findUnfrozen } from "../../test/find-unfrozen.ts";
import { scaled, seed } from "../../test/scale.ts";
import {
  createBudget,
  decisionSchema,
  entrySchema,
  fromEntryBytes,
  fromRunEventBytes,
  intentSchema,
  joinLabels,
  labelSchema,
  nothing,
  principalSchema,
  raiseBudget,
  receiptSchema,
  reserveBudget,
  runEventSchema,
  settleBudget,
  toDigest,
  toEntryBytes,
  toIntentDigest,
  toLeafHash,
  toRunEventBytes,
  toUuidV7,
  type Amounts,
  type Budget,
  type BudgetKind,
} from "./index.ts";

const runs = { numRuns: scaled({ test: 500, prove: 10_000 }), seed: seed() };
const id = (n: number): string => toUuidV7(1_700_000_000_000 + n, new Uint8Array(10).fill(n));
const digest = (text: string): string => toDigest(text);
const principal = { tenant: "acme", kind: "user", subject: "ada", actor: null };

const intent = {
  v: 1,
  tenant: "acme",
  principal,
  agent: "travel",
  bundle: digest("bundle"),
  run: id(1),
  step: 3,
  server: "flights",
  method: "tools/call",
  target: "book",
  definition: digest("definition"),
  args: digest("arguments"),
  forwarded: { traceparent: "00-1-2-01" },
  task: null,
  policy: digest("policy"),
  notAfterMs: 1_700_000_060_000,
};

const entries = [
  {
    kind: "intent",
    v: 1,
    id: id(2),
    tenant: "acme",
    atMs: 1_700_000_000_000,
    run: id(1),
    previous: null,
    server: "flights",
    tool: "book",
    intent: digest("intent"),
    decision: { kind: "ask", policy: digest("policy"), rules: ["book-asks"] },
    approval: id(3),
    credential: "flights-key",
  },
  {
    kind: "outcome",
    v: 1,
    id: id(4),
    tenant: "acme",
    atMs: 1_700_000_000_100,
    run: id(1),
    previous: digest("previous"),
    server: "flights",
    tool: "book",
    of: id(2),
    intent: digest("intent"),
    outcome: "answered",
    reason: null,
    result: { commitment: digest("result"), bytes: 812 },
    endpoint: "flights-1",
    credential: "flights/client-credentials/5d81f0c29b67@1a2b3c4d5e6f7081",
    sandbox: { tier: "T1", limits: digest("limits"), downgraded: false },
    timings: { queuedUs: 40, upstreamUs: 9_000 },
    cost: { micros: 1_500, prices: digest("prices") },
    declaredCost: { usd: 0.5 },
    trace: "4bf92f3577b34da6a3ce929d0e0e4736",
  },
  {
    kind: "resolution",
    v: 1,
    id: id(5),
    tenant: "acme",
    atMs: 1_700_000_000_200,
    run: null,
    previous: null,
    of: id(2),
    outcome: "not_done",
    by: "ada",
    evidence: "the airline shows no booking",
  },
  {
    kind: "gap",
    v: 1,
    id: id(6),
    tenant: "acme",
    atMs: 1_700_000_000_300,
    replica: "a",
    fromMs: 1_700_000_000_240,
    toMs: 1_700_000_000_290,
  },
  {
    kind: "completion",
    v: 1,
    id: id(9),
    tenant: "acme",
    atMs: 1_700_000_000_350,
    model: "large",
    backend: "claude",
    by: digest("ada"),
    agent: null,
    request: digest("asked"),
    answer: digest("answered"),
    outcome: "answered",
    reason: null,
    usage: { input: 120, cached: 100, written: null, output: 20, reasoning: 0 },
    cost: { micros: 1_500, prices: digest("prices") },
    tookMs: 812,
    trace: "4bf92f3577b34da6a3ce929d0e0e4736",
  },
  {
    kind: "verdict",
    v: 1,
    id: id(7),
    tenant: "acme",
    atMs: 1_700_000_000_400,
    on: "rollout",
    rollout: "travel-7",
    phase: "canary",
    verdict: "roll_back",
    trigger: "success-rate",
    evidence: digest("evidence"),
  },
  {
    kind: "verdict",
    v: 1,
    id: id(8),
    tenant: "acme",
    atMs: 1_700_000_000_500,
    on: "approval",
    approval: id(3),
    intent: digest("intent"),
    word: "approved",
    by: digest("approver"),
    passkey: {
      key: "MFkwEwYH",
      algorithm: -7,
      authenticator: "SZYN5Yg",
      client: "eyJ0eXBlIjoi",
      signature: "MEUCIQD-_w",
    },
  },
] as const;

test("I5: the bytes and the leaf hash of an entry are these, for ever", async () => {
  const vectors = entries.map((entry) => {
    const bytes = toEntryBytes(entrySchema.parse(entry));
    return {
      kind: entry.kind,
      bytes: Buffer.from(bytes).toString("utf8"),
      leaf: toLeafHash(bytes),
    };
  });
  await expect(`${JSON.stringify(vectors, null, 2)}\n`).toMatchFileSnapshot(
    "../../test/golden/entry-vectors.json",
  );
});

test("the leaf hash of no bytes is RFC 9162's own", () => {
  expect(toLeafHash(new Uint8Array())).toBe(
    "sha256:6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  );
});

test("stored entries are read back frozen, and only from their canonical bytes", () => {
  for (const entry of entries) {
    const parsed = entrySchema.parse(entry);
    const bytes = toEntryBytes(parsed);
    const read = fromEntryBytes(bytes);
    expect(read).toEqual(entry);
    expect([...findUnfrozen(parsed), ...findUnfrozen(read)]).toEqual([]);
    const spaced = new TextEncoder().encode(JSON.stringify(entry));
    expect(() => fromEntryBytes(spaced)).toThrow(/not canonical/);
    const more = new TextEncoder().encode(JSON.stringify({ ...entry, more: 1 }));
    expect(() => fromEntryBytes(more)).toThrow(/not those of a ledger entry/);
  }
});

test("I3: any changed part of an intent changes its digest", () => {
  const parsed = intentSchema.parse(intent);
  const before = toIntentDigest(parsed);
  const others = {
    tenant: "other",
    agent: "another",
    bundle: digest("b2"),
    run: id(9),
    step: 4,
    server: "hotels",
    method: "resources/read",
    target: "cancel",
    task: "t",
    definition: digest("d2"),
    args: digest("a2"),
    policy: digest("p2"),
    forwarded: {},
    principal: { ...principal, subject: "bob" },
    notAfterMs: 1_700_000_060_001,
  };
  expect(Object.keys(others).toSorted()).toEqual(
    Object.keys(intent)
      .filter((key) => key !== "v")
      .toSorted(),
  );
  for (const [key, value] of Object.entries(others)) {
    expect(toIntentDigest(intentSchema.parse({ ...intent, [key]: value })), key).not.toBe(before);
  }
  expect(findUnfrozen(parsed)).toEqual([]);
});

test("what a noun is parsed to is frozen all the way down", () => {
  const reasons = [{ rule: "r", text: "because", remedy: null }];
  const obligations = [
    { kind: "redact", pointers: ["/card"] },
    { kind: "rate", calls: 1, perMs: 1_000 },
    { kind: "sandbox", tier: "T1" },
    { kind: "egress", hosts: ["api.example.com:443"] },
  ];
  const approvers = [{ who: "role:finance", quorum: 2, passkey: true }];
  const policy = digest("p");
  for (const decision of [
    { kind: "allow", policy, reasons, obligations },
    { kind: "deny", policy, reasons },
    { kind: "ask", policy, reasons, obligations, approvers },
  ]) {
    expect(findUnfrozen(decisionSchema.parse(decision))).toEqual([]);
  }
  const leaf = { bytes: "AA==", index: 0, path: ["0".repeat(64)] };
  const salt = "1".repeat(64);
  const openings = [
    { of: "intent", commitment: digest("i"), value: { server: "flights" } },
    { of: "args", commitment: digest("a"), salt, value: { to: ["LHR"] } },
    { of: "result", commitment: digest("r"), salt, value: "{}" },
    { of: "verdict", commitment: digest("v"), salt, value: { approver: "ada" } },
  ];
  const receipt = { v: 1, entries: [leaf], checkpoint: "x", openings };
  expect(findUnfrozen(receiptSchema.parse(receipt))).toEqual([]);
  const actor = { agent: "travel", bundle: digest("b") };
  expect(findUnfrozen(principalSchema.parse({ ...principal, actor }))).toEqual([]);
});

test("nouns refuse what they do not know", () => {
  const reason = { rule: "r", text: "because", remedy: null };
  const allow = { kind: "allow", policy: digest("p"), reasons: [reason], obligations: [] };
  expect(decisionSchema.parse(allow)).toEqual(allow);
  const unknown = { ...allow, obligations: [{ kind: "shred" }] };
  expect(decisionSchema.safeParse(unknown).success).toBe(false);
  expect(principalSchema.safeParse({ ...principal, admin: true }).success).toBe(false);
  expect(intentSchema.safeParse({ ...intent, args: "sha256:12" }).success).toBe(false);
  const receipt = { v: 1, entries: [{ bytes: "AA==", index: 0, path: [] }], checkpoint: "x" };
  expect(receiptSchema.safeParse({ ...receipt, openings: [] }).success).toBe(true);
  expect(receiptSchema.safeParse({ ...receipt, entries: [], openings: [] }).success).toBe(false);
  expect(receiptSchema.safeParse(receipt).success).toBe(false);
  const opening = { of: "result", commitment: digest("r"), salt: "2".repeat(64), value: {} };
  expect(receiptSchema.safeParse({ ...receipt, openings: [opening] }).success).toBe(false);
  const [verdict] = entries.filter((entry) => "on" in entry && entry.on === "approval");
  expect(entrySchema.safeParse({ ...verdict, word: "denied" }).success).toBe(false);
  expect(entrySchema.safeParse({ ...verdict, word: "denied", passkey: null }).success).toBe(true);
  expect(entrySchema.safeParse({ ...verdict, on: "rollout" }).success).toBe(false);
  const asks = { kind: "ask", policy: digest("p"), reasons: [reason], obligations: [] };
  for (const quorum of [0, 11, 1.5]) {
    const approvers = [{ who: "role:finance", quorum, passkey: false }];
    expect(decisionSchema.safeParse({ ...asks, approvers }).success).toBe(false);
  }
});

test("I6: an event is read back as it was written, and an unknown one is a fault", () => {
  const event = runEventSchema.parse({
    v: 1,
    type: "call.ended",
    atMs: 5,
    step: 1,
    ordinal: 0,
    entry: id(2),
    outcome: "unknown",
    result: digest("result"),
    cost: nothing,
  });
  expect(fromRunEventBytes(toRunEventBytes(event))).toEqual(event);
  for (const text of ['{"v":1,"type":"run.exploded","atMs":1}', "{}", "[", '{"v":1,"v":1}']) {
    expect(() => fromRunEventBytes(new TextEncoder().encode(text))).toThrow(/not those of a run/);
  }
});

test("labels: trust is lost for good, what is confidential stays so, order does not matter", () => {
  expect(joinLabels(["trusted"], ["trusted"])).toEqual(["trusted"]);
  expect(joinLabels(["trusted"], ["untrusted"])).toEqual(["untrusted"]);
  const set = fc.subarray([...labelSchema.options]);
  fc.assert(
    fc.property(set, set, set, (a, b, c) => {
      expect(joinLabels(a, b)).toEqual(joinLabels(b, a));
      expect(joinLabels(joinLabels(a, b), c)).toEqual(joinLabels(a, joinLabels(b, c)));
      for (const label of ["untrusted", "confidential"] as const) {
        expect(joinLabels(a, b).includes(label)).toBe(a.includes(label) || b.includes(label));
      }
    }),
    runs,
  );
});

const amounts = fc.record({
  micros: fc.nat(1_000),
  tokens: fc.nat(1_000),
  calls: fc.constant(1),
});

test("I8: a budget ends above its cap by less than one reserved call, whatever runs beside", () => {
  const caps = fc.record({
    micros: fc.option(fc.nat(3_000)),
    tokens: fc.option(fc.nat(3_000)),
    calls: fc.option(fc.nat(20)),
  });
  const steps = fc.array(fc.tuple(amounts, fc.boolean(), fc.nat()), { maxLength: 60 });
  fc.assert(
    fc.property(caps, steps, (given, sequence) => {
      let budget: Budget = createBudget(given);
      let largest: Amounts = nothing;
      const open: Amounts[] = [];
      for (const [estimate, settles, pick] of sequence) {
        const reservation = reserveBudget(budget, estimate);
        if (reservation.kind === "reserved") {
          budget = reservation.budget;
          open.push(reservation.held);
          largest = max(largest, reservation.held);
        }
        if (settles && open.length > 0) {
          const [held] = open.splice(pick % open.length, 1);
          budget = settleBudget(budget, held!, held!);
        }
        for (const kind of ["micros", "tokens", "calls"] as const) {
          const cap = budget.caps[kind];
          const used = budget.spent[kind] + budget.reserved[kind];
          if (cap !== null && used > cap) expect(used - cap).toBeLessThanOrEqual(largest[kind]);
        }
      }
    }),
    runs,
  );
});

function max(left: Amounts, right: Amounts): Amounts {
  const pick = (kind: BudgetKind): number => Math.max(left[kind], right[kind]);
  return { micros: pick("micros"), tokens: pick("tokens"), calls: pick("calls") };
}

test("I8: at the cap nothing is reserved, an unknown price neither, and raising the cap goes on", () => {
  const budget = createBudget({ micros: 100, tokens: null, calls: 1 });
  const estimate = { micros: 250, tokens: null, calls: 1 };
  const first = reserveBudget(budget, estimate);
  if (first.kind === "refused") throw new Error(first.reason);
  expect(reserveBudget(first.budget, estimate)).toMatchObject({ kind: "refused", reason: "cap" });
  const spent = settleBudget(first.budget, first.held, { micros: 240, tokens: 9, calls: 1 });
  expect(reserveBudget(spent, { ...estimate, micros: 1 })).toMatchObject({ over: "micros" });
  const raised = raiseBudget(spent, { micros: 1_000, tokens: null, calls: 5 });
  expect(reserveBudget(raised, estimate).kind).toBe("reserved");
  expect(reserveBudget(raised, { ...estimate, micros: null })).toEqual({
    kind: "refused",
    over: "micros",
    reason: "unknown_price",
  });
  expect(() => settleBudget(budget, { ...nothing, calls: 1 }, nothing)).toThrow(
    /more calls settled/,
  );
});
