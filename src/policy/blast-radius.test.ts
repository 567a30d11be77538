import { expect, test } from "vitest";
import { openMadeUp, ruleSets } from "../../test/policy/company.ts";
import { tenant } from "../../test/policy/facts.ts";
import { findBlastRadius, type BlastQuestion } from "./blast-radius.ts";

const pause = async (): Promise<void> => undefined;
const anybody: BlastQuestion = {
  principal: null,
  roles: [],
  agent: null,
  isBundleKnown: false,
  toolset: null,
};
const ada = { tenant, kind: "user", subject: "ada", actor: null } as const;
const acme = { ...ada, tenant: "acme" as typeof tenant };

async function radius(rules: string, question: Partial<BlastQuestion> = {}) {
  const scene = await openMadeUp(rules === "" ? {} : { own: rules });
  const found = await findBlastRadius(scene, { ...anybody, principal: ada, ...question }, pause);
  scene.close();
  const of = (name: string) => {
    const { decision, possible, on } = found.tools.find(({ tool }) => tool === name)!;
    return decision === "depends" ? `${possible.join("/")} on ${on.join(", ")}` : decision;
  };
  return { ...found, of };
}

const onPay = 'action == Action::"bank__pay"';
const permit = `permit (principal, ${onPay}, resource)`;

test.each([
  ["no rule", "", "deny"],
  ["a plain permit", `${permit};`, "allow"],
  [
    "a limit",
    `${permit} when { context.args.amount.lessThan(decimal("5.0")) };`,
    "allow/deny on args.amount",
  ],
  [
    "a role that it has not",
    `permit (principal in Role::"default/a", ${onPay}, resource);`,
    "deny",
  ],
  [
    "a limit for a role that it has not",
    `${permit} when { principal in Role::"default/a" && context.args.urgent };`,
    "deny",
  ],
  [
    "something optional",
    `${permit} when { context.args has reference };`,
    "allow/deny on args.reference",
  ],
  [
    "facts of a run, which may be there",
    `${permit} when { context has run };`,
    "allow/deny on run",
  ],
  [
    "a choice that comes to the same",
    `${permit} when { if context.args.urgent then true else true };`,
    "allow",
  ],
  [
    "a choice that does not",
    `${permit} when { if context.args.urgent then true else false };`,
    "allow/deny on args.urgent",
  ],
  [
    "what does not matter",
    `${permit} when { context.args.urgent || resource.effect == "write" };`,
    "allow",
  ],
  [
    "a condition that never holds",
    `${permit} when { context.args.urgent && resource.effect == "read" };`,
    "deny",
  ],
  [
    "the whole context",
    `${permit} when { {"c": context}.c.args.urgent };`,
    "allow/deny on context",
  ],
  [
    "an ask",
    `${permit}; @ask("x") forbid (principal, action, resource) unless { context.approval.granted };`,
    "ask",
  ],
  [
    "an ask that nothing permits",
    `@ask("x") forbid (principal, action, resource) unless { context.approval.granted };`,
    "deny",
  ],
  [
    "an ask after labels",
    `${permit}; @ask("x") forbid (principal, action, resource) when { context.labels.contains("untrusted") } unless { context.approval.granted };`,
    "allow/ask on labels",
  ],
  [
    "an obligation",
    `${permit}; @obligation("redact /a") forbid (principal, action, resource) unless { context.obligation.met };`,
    "allow",
  ],
  [
    "an obligation and an ask",
    `${permit}; @obligation("redact /a") forbid (principal, action, resource) unless { context.obligation.met }; @ask("x") forbid (principal, action, resource) unless { context.approval.granted };`,
    "ask",
  ],
  [
    "office hours",
    `${permit}; forbid (principal, action, resource) when { context.time.hour < 8 };`,
    "allow/deny on time.hour",
  ],
  [
    "a forbid that always holds",
    `${permit} when { context.args.urgent }; forbid (principal, action, resource);`,
    "deny",
  ],
])("%s", async (_, rules, expected) => {
  expect((await radius(rules)).of("bank__pay")).toBe(expected);
});

test("whoever uses a toolset is anybody, and has what anybody could have", async () => {
  const rules = `permit (principal in Role::"default/a", action, resource);`;
  const { of, tools } = await radius(rules, { principal: null, toolset: "kiosk" });
  expect(of("calendar__list")).toBe("allow/deny on principal");
  expect(tools.map(({ server }) => server)).not.toContain("bank");
  const elsewhere = `permit (principal, action, resource) when { context.toolset == "other" };`;
  expect((await radius(elsewhere, { toolset: "kiosk" })).of("calendar__list")).toBe("deny");
  expect((await radius(elsewhere)).of("calendar__list")).toBe("allow/deny on toolset");
});

test("an agent without a subject has what it could have for anybody", async () => {
  const agent = { ...ada, actor: { agent: "travel", bundle: "sha256:0" as never } };
  const rules = `permit (principal == Agent::"default/travel", ${onPay}, resource);
permit (principal, action == Action::"mail__draft", resource) when { principal is Agent && principal.bundle == "sha256:1" };`;
  const alone = await radius(rules, { principal: null, agent });
  expect(alone.of("bank__pay")).toBe("allow");
  expect(alone.of("mail__draft")).toBe("allow/deny on principal.bundle");
  const forAda = await radius(rules, { principal: agent, agent });
  expect(forAda.of("bank__pay")).toBe("deny");
});

test("the worst comes first, with what it could use and what bounds it", async () => {
  const scene = await openMadeUp(ruleSets.company);
  const question = { ...anybody, principal: acme, roles: ["staff", "dba", "payer"] };
  const { tools, summary, unseen } = await findBlastRadius(scene, question, pause);
  scene.close();
  expect(tools.slice(0, 3).map(({ tool }) => tool)).toEqual([
    "bank__pay",
    "files__share",
    "mail__send",
  ]);
  expect(tools[0]).toMatchObject({
    possible: ["allow", "ask", "deny"],
    on: expect.arrayContaining(["args.amount", "args.currency", "time.hour", "labels"]) as unknown,
    credentials: ["secret://bank-token"],
    limits: { timeoutMs: 60_000, concurrency: 64, callsPerMinute: null },
  });
  expect(summary).toMatch(/^Of 26 tools on 6 servers: /);
  expect(unseen).toEqual([]);
  expect(tools.at(-1)).toMatchObject({ decision: "deny" });
});
