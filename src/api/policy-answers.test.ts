import { expect, test } from "vitest";
import { companyRules, toMadeUpConfig, toMadeUpDesk } from "../../test/policy/company.ts";
import { approverKey, base, startTestApi, tell } from "../../test/start-api.ts";

async function scene(rules: Readonly<Record<string, string>> = { company: companyRules }) {
  const policy = toMadeUpDesk(toMadeUpConfig(rules));
  const api = await startTestApi({ policy, limits: { bodyBytes: 1_000_000 } });
  const ask = (route: string, body: object | string, key?: string) =>
    tell(api.url, `/v1/policy/${route}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: typeof body === "string" ? body : JSON.stringify(body),
      ...(key === undefined ? {} : { key }),
    });
  return { ...api, ask };
}

const document = (
  rules: string,
  servers = "bank: { transport: http, url: https://bank.example/mcp }",
) =>
  `version: 1\nservers:\n  ${servers}\npolicy:\n  rules:\n    own: |\n${rules.replaceAll(/^/gm, "      ")}\n`;

test("check names problems by their place in the document, and what serves by its text", async () => {
  const { ask } = await scene();
  const wrong = document(
    `permit (principal, action == Action::"bank__pay", resource)\nwhen { context.args.amuont == 5 };`,
  );
  const { body } = await ask("check", { document: wrong });
  expect(body).toMatchObject({ ok: false, problems: [{ line: 7, key: "policy.rules.own" }] });
  expect(body.problems[0].message).toMatch(/amuont/);
  expect((await ask("check", { document: "verson: 1\n" })).body).toMatchObject({
    ok: false,
    problems: [{ line: 1 }, { line: 1, suggestion: "version" }],
  });
  expect((await ask("check", {})).body).toMatchObject({ ok: true, rules: 38, problems: [] });
  const drifted = await scene({
    own: `\npermit (principal, action == Action::"bank__gone", resource);`,
  });
  expect((await drifted.ask("check", {})).body).toMatchObject({
    ok: false,
    problems: [{ line: 2, key: "policy.rules.own" }],
  });
});

test("what is said of a server that was never listed is a warning", async () => {
  const { ask } = await scene();
  const text = document(
    `permit (principal, action == Action::"crm__find", resource);`,
    "crm: { transport: http, url: https://crm.example/mcp }",
  );
  const { body } = await ask("check", { document: text });
  expect(body).toMatchObject({ ok: true, problems: [], warnings: [{ line: 7 }] });
});

const cases = `cases:
  - name: a payment
    as: { subject: ada, tenant: acme, roles: [payer] }
    tool: bank__pay
    args: { amount: 700, currency: EUR, to: shop }
    at: 2026-11-18T10:00:00Z
    expect: ask
  - name: a mail
    as: { subject: ada, tenant: acme }
    tool: mail__send
    args: { to: [bob], subject: hi }
    expect: allow
  - name: no tool
    as: { subject: ada }
    tool: mail__sent
    expect: allow
`;

test("cases are run: it says of each case what came, and refuses cases and documents that are none", async () => {
  const { ask } = await scene();
  const { body } = await ask("test", { cases });
  expect(body).toMatchObject({
    passed: 1,
    failed: 1,
    wrong: 1,
    cases: [
      { name: "a payment", line: 2, outcome: "passed", came: { approvers: ["role:finance"] } },
      { line: 8, outcome: "failed", came: { decision: "deny", rules: ["none"] } },
      {
        outcome: "wrong",
        came: null,
        problems: [expect.stringMatching(/did you mean mail__send/)],
      },
    ],
  });
  expect(await ask("test", { cases: "cases: [{}]\n" })).toMatchObject({
    status: 422,
    body: { error: { code: "config_invalid", details: { of: "cases" } } },
  });
  expect(await ask("test", { cases, document: document("permit (") })).toMatchObject({
    status: 422,
    body: { error: { details: { of: "document", problems: [{ key: "policy.rules.own" }] } } },
  });
  const own = document(`permit (principal, action, resource);`);
  const other = await ask("test", { cases, document: own });
  expect(other.body.cases[0]).toMatchObject({ outcome: "failed", came: { decision: "allow" } });
});

const question = {
  as: { subject: "ada", tenant: "acme", roles: ["payer"] },
  tool: "bank__pay",
  args: { amount: 700, currency: "EUR", to: "shop" },
  at: "2026-11-18T10:00:00Z",
};

test("explain names every rule with its passes, what was read, and the slice", async () => {
  const { ask } = await scene();
  const { body } = await ask("explain", { question });
  expect(body).toMatchObject({
    decision: { kind: "ask", approvers: [{ who: "role:finance" }] },
    target: { id: "bank__pay", effect: "write", outward: true },
    context: { args: { amount: { __extn: { arg: "700.0000" } } }, toolset: "", labels: [] },
    kept: false,
    keptWhy: expect.stringMatching(/facts of the run/) as unknown,
  });
  const rule = (id: string, of: readonly { readonly id: string }[] = body.rules) =>
    of.find((each) => each.id === id);
  expect(rule("pay-ask")).toMatchObject({
    gives: "approval",
    reads: ["context.args.amount", "context.approval.granted"],
    applied: [{ as: "subject", first: "yes", second: "no" }],
  });
  expect(rule("pay")).toMatchObject({ applied: [{ first: "yes", second: "yes" }] });
  expect(rule("pay-four-eyes")).toMatchObject({ applied: [{ first: "no", second: "no" }] });
  expect(rule("mail")).toBeUndefined();
  const acting = { ...question, as: { ...question.as, agent: "travel" } };
  const { body: agent } = await ask("explain", { question: acting });
  expect(rule("pay", agent.rules)).toMatchObject({
    applied: [
      { as: "subject", first: "yes" },
      { as: "agent", first: "no" },
    ],
  });
  const inexact = { ...question, args: { ...question.args, amount: 0.000_01 } };
  expect((await ask("explain", { question: inexact })).body).toMatchObject({
    decision: { kind: "deny", reasons: [{ rule: "arguments" }] },
    context: null,
    kept: false,
  });
});

test.each([
  ["a tool that is not there", { ...question, tool: "bank__play" }, /did you mean bank__pay/],
  ["arguments that it refuses", { ...question, args: { amount: 5 } }, /args.*currency/],
  ["no target", { as: question.as }, /names one of tool/],
  ["a key that nobody knows", { ...question, arguments: {} }, /arguments/],
])("%s cannot be explained", async (_, given, expected) => {
  const { ask } = await scene();
  const { status, body } = await ask("explain", { question: given });
  expect(status).toBe(400);
  expect(body.error.message).toMatch(expected);
});

test("where no rules are written, policy.rule is what is asked", async () => {
  const { ask } = await scene({});
  expect((await ask("explain", { question })).body).toMatchObject({
    decision: { kind: "deny", reasons: [{ rule: "deny-all" }] },
  });
  const all =
    "version: 1\nservers: { bank: { transport: http, url: https://b.example } }\npolicy: { rule: allow-all }\n";
  const { body } = await ask("blast-radius", { document: all, as: { subject: "ada" } });
  expect(body.summary).toMatch(/6 can be called without a person \(6 always/);
  expect(body.tools).toHaveLength(6);
});

test("a blast radius is of somebody, an agent or a toolset that is there", async () => {
  const { ask } = await scene();
  const of = async (who: object) => await ask("blast-radius", who);
  expect((await of({})).status).toBe(400);
  expect((await of({ toolset: "kiosc" })).body.error.message).toMatch(/did you mean kiosk/);
  expect((await of({ toolset: "kiosk" })).body.tools).toHaveLength(4);
  const { body } = await of({ agent: "travel", tenant: "acme" });
  expect(body.tools[0]).toMatchObject({ tool: "bank__pay", credentials: ["secret://bank-token"] });
  const both = await of({ agent: "travel", as: { subject: "ada", tenant: "acme" } });
  expect(both.body.tools[0].effect).toBe("read");
});

test("the schema is text for editors, and none of it is for whoever decides on approvals", async () => {
  const { url, ask } = await scene();
  const { text, headers } = await tell(url, "/v1/policy/schema");
  expect(headers["content-type"]).toMatch(/^text\/plain/);
  expect(text).toMatch(/action "bank__pay" in/);
  expect((await tell(url, "/v1/policy/schema", { key: approverKey })).status).toBe(403);
  for (const route of ["check", "test", "explain", "blast-radius"]) {
    expect((await ask(route, {}, approverKey)).status).toBe(403);
    expect((await ask(route, "{", undefined)).status).toBe(400);
  }
});

test("a plan names the rules that its changed texts differ in", async () => {
  const rule = (id: string) => `@id("${id}") permit (principal, action, resource);`;
  const text = { restart: false, before: rule("old"), after: rule("new") };
  const plan = async () => ({
    kind: "valid" as const,
    digest: base,
    base,
    changes: [
      { ...text, kind: "changed" as const, key: "policy.rules.own" },
      { ...text, kind: "changed" as const, key: "policy.rule" },
    ],
  });
  const { url } = await startTestApi({ plan });
  const { body } = await tell(url, "/v1/config/plan", {
    method: "POST",
    headers: { "content-type": "application/yaml" },
    body: "version: 1\n",
  });
  expect(body.rules).toEqual([
    { kind: "removed", rule: "old", source: "own" },
    { kind: "added", rule: "new", source: "own" },
  ]);
});
