import { expect, test } from "vitest";
import { decideBy, payment, read, tenant, toFacts, toTool } from "../../test/policy/facts.ts";
import { toDigest, type Decision } from "../model/index.ts";
import { combine } from "./combine.ts";
import { toArgumentType } from "./argument-type.ts";
import { createDecide, Memo } from "./decide.ts";
import { tiers, type Tier } from "../model/sandbox.ts";
import { toSandboxFacts } from "../model/tier-traits.ts";
import type { Facts } from "./facts.ts";
import { createPolicySet } from "./policy-set.ts";

const all = `@id("all") permit (principal, action, resource);\n`;
const askBig = `@id("big") @ask("Large payments are looked at.") @approvers("role:finance")
forbid (principal, action == Action::"bank__pay", resource)
when { context.args.amount.greaterThan(decimal("500.0")) } unless { context.approval.granted };\n`;

const rulesOf = (decision: Decision): readonly string[] => decision.reasons.map(({ rule }) => rule);

test("nothing is allowed that no rule allows", () => {
  const decision = decideBy("")(toFacts());
  expect([decision.kind, rulesOf(decision)]).toEqual(["deny", ["none"]]);
});

test("an ask is for what would be allowed once somebody agreed", () => {
  const decide = decideBy(all + askBig);
  expect(decide(toFacts()).kind).toBe("allow");
  const asked = decide(toFacts({ args: { amount: 700, to: "shop" } }));
  expect(asked).toMatchObject({
    kind: "ask",
    reasons: [{ rule: "big", text: "Large payments are looked at.", remedy: "request_approval" }],
    approvers: [{ who: "role:finance", quorum: 1, passkey: false }],
  });
  expect(decide(toFacts({ args: { amount: 700, to: "shop" }, approved: true })).kind).toBe("allow");
});

test("a person is never asked for what would be denied anyway", () => {
  const never = `@id("never") forbid (principal, action, resource) when { context.args.to == "evil" };\n`;
  const args = { amount: 700, to: "evil" };
  const decision = decideBy(all + askBig + never)(toFacts({ args }));
  expect([decision.kind, rulesOf(decision)]).toEqual(["deny", ["never"]]);
  // Nothing permits it: an approval would change nothing.
  expect(decideBy(askBig)(toFacts({ args })).kind).toBe("deny");
  // Forbidden once approved: an approval would change it to another no.
  const after = `@id("after") forbid (principal, action, resource) when { context.approval.granted };\n`;
  const decided = decideBy(all + askBig + after)(toFacts({ args: { amount: 700, to: "shop" } }));
  expect([decided.kind, rulesOf(decided)]).toEqual(["deny", ["after"]]);
});

test("everyone whom a rule names is asked, of one who is named twice the strictest word", () => {
  const more = `@id("more") @ask("x") @approvers("role:finance") @quorum("2") @passkey("required")
forbid (principal, action, resource) unless { context.approval.granted };
@id("law") @ask("y") @approvers("role:law")
forbid (principal, action, resource) unless { context.approval.granted };\n`;
  const decision = decideBy(all + askBig + more)(toFacts({ args: { amount: 700, to: "shop" } }));
  expect(
    decision.kind === "ask" && [...decision.approvers].sort((a, b) => (a.who < b.who ? -1 : 1)),
  ).toEqual([
    { who: "role:finance", quorum: 2, passkey: true },
    { who: "role:law", quorum: 1, passkey: false },
  ]);
});

test("an obligation is owed, not asked for", () => {
  const redact = `@id("hide") @obligation("redact /card /holder/name")
forbid (principal, action, resource) unless { context.obligation.met };\n`;
  const decision = decideBy(all + redact)(toFacts());
  expect(decision).toMatchObject({
    kind: "allow",
    obligations: [{ kind: "redact", pointers: ["/card", "/holder/name"] }],
  });
  const both = decideBy(all + redact + askBig)(toFacts({ args: { amount: 700, to: "shop" } }));
  expect(both).toMatchObject({ kind: "ask", obligations: [{ kind: "redact" }] });
});

test("I14: a forbid whose condition errors denies, though Cedar would skip it", () => {
  // Written past the type checker: `note` is optional, and reading it where it is not is an error.
  const broken = `@id("broken") forbid (principal, action, resource) when { context.args.note == "x" };\n`;
  const decision = decideBy(all + broken)(toFacts());
  expect([decision.kind, rulesOf(decision)]).toEqual(["deny", ["broken"]]);
  expect(decideBy(all + broken)(toFacts({ args: { amount: 1, to: "a", note: "y" } })).kind).toBe(
    "allow",
  );
});

test("I14: a number that Cedar cannot hold exactly denies where a rule reads it, and nowhere else", () => {
  const decide = decideBy(all + askBig);
  for (const amount of [500.000_01, 1e-7, 1e16]) {
    const decision = decide(toFacts({ args: { amount, to: "shop" } }));
    expect([decision.kind, rulesOf(decision)]).toEqual(["deny", ["arguments"]]);
  }
  expect(decideBy(all)(toFacts({ args: { amount: 1e-7, to: "shop" } })).kind).toBe("allow");
});

test("an agent may what both it and its subject may", () => {
  const ofAda = `@id("ada") permit (principal == User::"default/ada", action, resource);\n`;
  const ofAgent = `@id("travel") permit (principal == Agent::"default/travel", action, resource);\n`;
  const actor = { agent: "travel", bundle: toDigest("bundle") };
  const principal = { tenant, kind: "user", subject: "ada", actor } as const;
  expect(decideBy(ofAda)(toFacts({ principal })).kind).toBe("deny");
  expect(decideBy(ofAgent)(toFacts({ principal })).kind).toBe("deny");
  expect(decideBy(ofAda + ofAgent)(toFacts({ principal })).kind).toBe("allow");
  expect(decideBy(ofAda)(toFacts()).kind).toBe("allow");
});

test("a name of one tenant is nobody in another", () => {
  const rules = `permit (principal == User::"default/ada", action, resource);
permit (principal in Role::"default/admin", action, resource);`;
  const other = {
    tenant: "other" as typeof tenant,
    kind: "user",
    subject: "ada",
    actor: null,
  } as const;
  const decide = decideBy(rules);
  expect(decide(toFacts({ principal: other, roles: ["admin"] })).kind).toBe("deny");
  // The tenant's own name cannot be written into a subject.
  const forged = {
    tenant: "d" as typeof tenant,
    kind: "user",
    subject: "efault/ada",
    actor: null,
  } as const;
  expect(decide(toFacts({ principal: forged })).kind).toBe("deny");
  expect(decide(toFacts({ roles: ["admin"] })).kind).toBe("allow");
});

test("a memo tells apart whatever a rule can tell apart", () => {
  const rules = `permit (principal, action, resource) when { context.args has from.iban };
permit (principal in Role::"default/a", action, resource);
permit (principal, action, resource) when { context.time.hour == 11 };
permit (principal, action, resource) when { context.labels.contains("confidential") };
forbid (principal, action, resource) when { context.args has tags && context.args.tags.contains("no") };`;
  const decide = decideBy(rules);
  const kindOf = (more: Parameters<typeof toFacts>[0]): string => decide(toFacts(more)).kind;
  for (let round = 0; round < 2; round += 1) {
    expect(kindOf({})).toBe("deny");
    expect(kindOf({ args: { amount: 1, to: "x", from: {} } })).toBe("deny");
    expect(kindOf({ args: { amount: 1, to: "x", from: { iban: "" } } })).toBe("allow");
    expect(kindOf({ roles: ["a"] })).toBe("allow");
    expect(kindOf({ roles: ["a,b"] })).toBe("deny");
    expect(kindOf({ roles: ["a", "b"] })).toBe("allow");
    expect(kindOf({ nowMs: Date.parse("2026-11-20T11:59:59Z") })).toBe("allow");
    expect(kindOf({ nowMs: Date.parse("2026-11-20T12:00:00Z") })).toBe("deny");
    expect(kindOf({ labels: ["confidential"] })).toBe("allow");
    expect(kindOf({ roles: ["a"], args: { amount: 1, to: "x", tags: ["no"] } })).toBe("deny");
  }
});

test("what depends on a run is decided anew each time", () => {
  const decide = decideBy(
    `permit (principal, action, resource) when { context has run && context.run.step < 3 };`,
  );
  const run = { step: 1, calls: 0, spentMicros: 0 };
  expect(decide(toFacts({ run })).kind).toBe("allow");
  expect(decide(toFacts({ run })).kind).toBe("allow");
  expect(decide(toFacts({ run: { ...run, step: 3 } })).kind).toBe("deny");
  expect(decide(toFacts()).kind).toBe("deny");
});

test("a rule reads the decision table's row of where a call is carried out", () => {
  const decide = decideBy(
    `@id("unread") permit (principal, action, resource)
     when { context has sandbox && context.sandbox.untrustedCode && context.sandbox.tier != "T0" };`,
  );
  const kindOf = (tier: Tier | "none") => decide(toFacts({ sandbox: toSandboxFacts(tier) })).kind;
  expect((["none", ...tiers] as const).map(kindOf)).toEqual([
    "deny",
    "deny",
    "deny",
    "allow",
    "allow",
  ]);
  expect(decide(toFacts()).kind).toBe("deny");
});

test("a slice has the rules about its target, and a digest of nothing else", () => {
  const set = createPolicySet(
    read(`${all}${askBig}
@id("mail") forbid (principal, action, resource in Server::"mail");
@id("reads") permit (principal, action in Action::"read", resource);
@id("one") permit (principal, action in [Action::"bank__pay", Action::"mail__send"], resource is Tool in Server::"bank");
@id("file") permit (principal, action == Action::"read_resource", resource == Resource::"file:///a");`),
  );
  const idsOf = (...target: Parameters<typeof toTool>): readonly string[] =>
    [...set.sliceOf(toTool(...target)).rules.keys()].sort();
  expect(idsOf("bank__pay")).toEqual(["all", "big", "one"]);
  expect(idsOf("mail__send")).toEqual(["all", "mail"]);
  expect(idsOf("bank__balance", { effect: "read" })).toEqual(["all", "reads"]);
  const resource = { kind: "Resource", action: "read_resource", effect: "read" } as const;
  expect(
    idsOf("file:///a", { ...resource, server: "x", id: "file:///a", name: "file:///a" }),
  ).toEqual(["all", "file", "reads"]);
  expect(
    idsOf("file:///b", { ...resource, server: "x", id: "file:///b", name: "file:///b" }),
  ).toEqual(["all", "reads"]);
  const other = createPolicySet(read(all + askBig));
  const more = createPolicySet(
    read(`${all}${askBig}@id("z") permit (principal, action, resource in Server::"z");`),
  );
  expect(other.sliceOf(toTool("bank__pay")).digest).toBe(more.sliceOf(toTool("bank__pay")).digest);
  expect(other.digest).not.toBe(more.digest);
});

test("a set that was closed decides nothing, also once its place is another's", () => {
  const memo = new Memo(10);
  const set = createPolicySet(read(all));
  const decide = createDecide(set, toTool("bank__pay"), memo);
  set.close();
  const other = createPolicySet(read(all));
  const next = createDecide(other, toTool("bank__pay"), new Memo(10));
  expect(() => decide(toFacts())).toThrow(/began under are gone/);
  expect(next(toFacts()).kind).toBe("allow");
  expect(() => set.sliceOf(toTool("bank__pay"))).toThrow(/are gone/);
});

test("I7: of two decisions the stricter holds", () => {
  const policy = toDigest("p");
  const allow = { kind: "allow", policy, reasons: [], obligations: [] } as const;
  const who = { who: "role:a", quorum: 1, passkey: false };
  const ask = { ...allow, kind: "ask", approvers: [who] } as const;
  const deny = { kind: "deny", policy: toDigest("q"), reasons: [] } as const;
  expect(combine(allow, allow).kind).toBe("allow");
  expect(combine(allow, ask)).toMatchObject({ kind: "ask", approvers: [who] });
  expect(combine(ask, { ...ask, approvers: [{ ...who, quorum: 2 }] })).toMatchObject({
    approvers: [who, { ...who, quorum: 2 }],
  });
  expect(combine(ask, deny)).toMatchObject({ kind: "deny", policy });
  expect(combine(deny, allow).kind).toBe("deny");
});

test("arguments that no rule can read are not in the way", () => {
  expect([...payment.members.keys()]).toEqual(["amount", "count", "to", "note", "tags", "from"]);
});

test("a memo tells targets apart by everything that a condition can read of them", () => {
  const rules = `permit (principal, action, resource) when { resource in Server::"a" };
permit (principal, action, resource) when { resource.outward };`;
  const set = createPolicySet(read(rules));
  const memo = new Memo(100);
  const uri = "file:///x";
  const of = (server: string, outward = false) =>
    createDecide(
      set,
      {
        ...toTool("a__x"),
        kind: "Resource",
        id: uri,
        name: uri,
        action: "read_resource",
        server,
        outward,
      },
      memo,
    )(toFacts()).kind;
  expect([of("a"), of("b"), of("a"), of("b", true), of("b")]).toEqual([
    "allow",
    "deny",
    "allow",
    "allow",
    "deny",
  ]);
});

test("I14: an argument that is there and of no type is not taken for missing", () => {
  const argumentType = toArgumentType({
    type: "object",
    properties: { amount: { type: ["integer", "string"] }, to: { type: "string" } },
  });
  const decide = decideBy(
    `${all}forbid (principal, action in Action::"call", resource) when { context.args has amount && context.args.amount > 500 };`,
  );
  const kindOf = (args: Facts["args"]): string => decide(toFacts({ args, argumentType })).kind;
  expect([kindOf({ to: "a" }), kindOf({ amount: null }), kindOf({ amount: 10_000 })]).toEqual([
    "allow",
    "allow",
    "deny",
  ]);
  // Nor one that the schema does not name at all, which it may let in.
  expect(decide(toFacts({ args: { amount: 10_000 }, argumentType: toArgumentType({}) })).kind).toBe(
    "deny",
  );
  const whole = decideBy(`permit (principal, action, resource) when { context.args has to };`);
  expect(whole(toFacts({ args: { to: "a", more: 1 }, argumentType })).kind).toBe("allow");
});
