import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { parseCases } from "../../src/adapters/yaml/parse-cases.ts";
import { toDigest, type Decision, type Label } from "../../src/model/index.ts";
import { askScene } from "../../src/policy/ask-scene.ts";
import { createDecide, Memo } from "../../src/policy/decide.ts";
import type { Facts } from "../../src/policy/facts.ts";
import { createPolicySet } from "../../src/policy/policy-set.ts";
import { findPossible } from "../../src/policy/possible.ts";
import type { Rule } from "../../src/policy/rules.ts";
import type { PolicyTarget } from "../../src/policy/target.ts";
import { scaled, seed } from "../scale.ts";
import { companyRules, openMadeUp } from "./company.ts";
import { read } from "./facts.ts";

interface Asked {
  readonly target: PolicyTarget;
  readonly facts: Facts;
}

/** Everything that the cases ask, and then other circumstances. */
const scene = await openMadeUp({ company: companyRules });
const asked = ["money", "office", "systems", "people"].flatMap((name): readonly Asked[] => {
  const text = readFileSync(new URL(`./cases/${name}.cases.yaml`, import.meta.url), "utf8");
  const parsed = parseCases(text);
  if (parsed.kind === "invalid") throw new Error(JSON.stringify(parsed.problems));
  return parsed.cases.flatMap(({ wanted }) => {
    const found = askScene(scene, wanted, 0);
    return found.kind === "asked" ? [found] : [];
  });
});

const roles = ["payer", "staff", "dba", "admin", "support", "security", "automation"];
const actor = { agent: "assistant", bundle: toDigest("bundle") };
const question = fc
  .record({
    base: fc.constantFrom(...asked),
    roles: fc.subarray(roles),
    labels: fc.subarray<Label>(["untrusted", "confidential"]),
    nowMs: fc.constantFrom(
      Date.parse("2026-11-18T10:30:00Z"),
      Date.parse("2026-11-18T22:00:00Z"),
      Date.parse("2026-11-22T10:00:00Z"),
    ),
    run: fc.constantFrom(null, { step: 1, calls: 60, spentMicros: 0 }),
  })
  .map(({ base: { target, facts }, ...more }): Asked => {
    const { tenant, kind, subject, actor: acting } = facts.principal;
    const principal = { tenant, kind, subject, actor: acting };
    // What was approved in a case is asked anew here.
    return { target, facts: { ...facts, ...more, principal, approved: false } };
  });

const pool = read(companyRules);
const rules = fc.subarray([...pool], { minLength: 1 });
const runs = scaled({ test: 400, prove: 20_000 });
const options = { numRuns: runs, seed: seed() };

/** Each rule set of its own, and its place given back. */
function decideWith(some: readonly Rule[], { target, facts }: Asked): Decision {
  const set = createPolicySet(some);
  const decision = createDecide(set, target, new Memo(2))(facts);
  set.close();
  return decision;
}

const rank = { deny: 0, ask: 1, allow: 2 } as const;

test("whoever is asked can say yes: an ask becomes an allow once it is approved", () => {
  let asks = 0;
  fc.assert(
    fc.property(rules, question, (some, { target, facts }) => {
      if (decideWith(some, { target, facts }).kind !== "ask") return;
      asks += 1;
      const after = decideWith(some, { target, facts: { ...facts, approved: true } });
      expect(after.kind).toBe("allow");
    }),
    options,
  );
  expect(asks).toBeGreaterThan(runs / 200);
}, 600_000);

test("one more forbid makes nothing more possible", () => {
  const forbids = pool.filter(({ head }) => head.effect === "forbid");
  fc.assert(
    fc.property(rules, fc.constantFrom(...forbids), question, (some, forbid, one) => {
      const before = decideWith(
        some.filter(({ id }) => id !== forbid.id),
        one,
      );
      const after = decideWith([...some.filter(({ id }) => id !== forbid.id), forbid], one);
      expect(rank[after.kind]).toBeLessThanOrEqual(rank[before.kind]);
    }),
    options,
  );
}, 600_000);

test("an agent may never more than whom it acts for", () => {
  fc.assert(
    fc.property(rules, question, (some, { target, facts }) => {
      const { tenant, kind, subject } = facts.principal;
      const alone = { tenant, kind, subject, actor: null };
      const own = decideWith(some, { target, facts: { ...facts, principal: alone } });
      const acting = { tenant, kind, subject, actor };
      const through = decideWith(some, { target, facts: { ...facts, principal: acting } });
      expect(rank[through.kind]).toBeLessThanOrEqual(rank[own.kind]);
    }),
    options,
  );
}, 600_000);

test("a blast radius never leaves out what could be done", () => {
  const seen = { allow: 0, ask: 0, deny: 0 };
  fc.assert(
    fc.property(rules, question, fc.boolean(), (some, one, isAnybody) => {
      const { target, facts } = one;
      const { principal, roles: own } = facts;
      const alone = { ...facts, principal: { ...principal, actor: null } };
      const decision = decideWith(some, { target, facts: alone });
      const { kind } = decision;
      seen[kind] += 1;
      const set = createPolicySet(some);
      const { decisions } = findPossible(set.sliceOf(target), {
        target,
        asker: isAnybody ? null : { principal: alone.principal, roles: own, as: "subject" },
        toolset: null,
        isBundleKnown: false,
        memo: new Map(),
      });
      set.close();
      // A number that rules cannot read is a no that depends on no rule.
      const isInexact = decision.reasons.some(({ rule }) => rule === "arguments");
      expect(isInexact || decisions.has(kind)).toBe(true);
    }),
    options,
  );
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(0);
}, 600_000);
