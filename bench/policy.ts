import { starterRules } from "../src/model/starter-rules.ts";
import type { TenantId } from "../src/model/index.ts";
import { toArgumentType } from "../src/policy/argument-type.ts";
import { createDecide, Memo, type Decide } from "../src/policy/decide.ts";
import type { Facts } from "../src/policy/facts.ts";
import { createPolicySet } from "../src/policy/policy-set.ts";
import { readRules } from "../src/policy/rules.ts";
import type { PolicyTarget } from "../src/policy/target.ts";
import { readMachine, toQuantile, type Report } from "./report.ts";

const rounds = 7;
const memoised = 200_000;
const evaluated = 1_000;

const argumentType = toArgumentType({
  type: "object",
  properties: { amount: { type: "integer" }, to: { type: "string" } },
  required: ["amount", "to"],
});
const facts: Facts = {
  principal: { tenant: "default" as TenantId, kind: "user", subject: "ada", actor: null },
  roles: ["finance"],
  toolset: "",
  args: { amount: 10, to: "shop" },
  argumentType,
  labels: [],
  nowMs: Date.UTC(2026, 10, 20, 10),
  run: null,
  sandbox: null,
  approved: false,
};
const pay: PolicyTarget = {
  kind: "Tool",
  id: "bank__pay",
  action: "bank__pay",
  name: "pay",
  server: "bank",
  effect: "write",
  outward: false,
};
const see: PolicyTarget = { ...pay, id: "bank__see", action: "bank__see", effect: "read" };

const byAmount = `@id("big") @ask("Large payments are looked at.") @approvers("role:finance")
forbid (principal, action == Action::"bank__pay", resource)
when { context.args.amount > 500 } unless { context.approval.granted };
permit (principal, action in [Action::"read", Action::"write"], resource);
`;
/** Rules about other servers: the slice leaves them out. */
const others = Array.from(
  { length: 1_000 },
  (_, n) =>
    `forbid (principal, action, resource in Server::"other${n}") when { context.args has x };`,
).join("\n");

/** What a decision costs, by what has to be done for it. */
export async function measurePolicy(progress: (line: string) => void): Promise<Report> {
  const machine = readMachine();
  const rows = [
    measure("memoised, no argument read", decideBy(starterRules, see), memoised, () => facts),
    measure("memoised, an argument read", decideBy(byAmount, pay), memoised, () => facts),
    measure(
      "memoised, 1,000 rules of other servers",
      decideBy(byAmount + others, pay),
      memoised,
      () => facts,
    ),
    measure(
      "evaluated: an argument never seen",
      decideBy(byAmount, pay),
      evaluated,
      differing(-100_000),
    ),
    measure("evaluated: asks, two passes", decideBy(byAmount, pay), evaluated, differing(1_000)),
    measure("evaluated: starter rules, asks", decideBy(starterRules, pay), evaluated, (n) => ({
      ...facts,
      principal: { ...facts.principal, subject: `user-${n}` },
    })),
  ];
  for (const row of rows) progress(JSON.stringify(row));
  return {
    name: "Policy",
    about: "One decision, in one thread: CPU, and how many of them a second fit into one core.",
    machine,
    rows,
    notes: [`Medians of ${rounds} rounds.`, "Evaluated means by Cedar, in WebAssembly."],
  };
}

/** Each amount is asked about once: nothing of it is remembered. */
function differing(from: number): (n: number) => Facts {
  return (n) => ({ ...facts, args: { amount: from + n, to: "shop" } });
}

function decideBy(text: string, target: PolicyTarget): Decide {
  const read = readRules({ bench: text });
  if (read.kind === "refused") throw new Error(JSON.stringify(read.problems));
  return createDecide(createPolicySet(read.rules), target, new Memo(50_000));
}

function measure(name: string, decide: Decide, count: number, toFacts: (n: number) => Facts) {
  let n = 0;
  const times = Array.from({ length: rounds }, () => {
    const before = process.cpuUsage();
    for (let each = 0; each < count; each += 1) decide(toFacts((n += 1)));
    const { user, system } = process.cpuUsage(before);
    return (user + system) / count;
  });
  const us = toQuantile(
    times.toSorted((one, other) => one - other),
    0.5,
  );
  return { decision: name, "CPU µs": Number(us.toFixed(2)), "a second": Math.round(1e6 / us) };
}
