import { expect, test } from "vitest";
import { callCli } from "../../test/call-cli.ts";
import type { BlastRadius, Client, PolicyExplanation, PolicyTest } from "../client/client.ts";
import { Fault } from "../model/fault.ts";

const digest = `sha256:${"a".repeat(64)}`;
const ok = { status: 200, etag: null } as const;
const files = {
  "countersign.yaml": "version: 1\n",
  "policy.cases.yaml": "cases: []\n",
  "more.cases.yaml": "cases: []\n",
};

const tested: PolicyTest = {
  passed: 1,
  failed: 1,
  wrong: 1,
  cases: [
    {
      name: "fits",
      line: 2,
      outcome: "passed",
      expected: "allow",
      came: { decision: "allow", rules: ["a"], approvers: [], obligations: [] },
      problems: [],
    },
    {
      name: 'differs, by <"far">',
      line: 7,
      outcome: "failed",
      expected: "allow",
      came: { decision: "deny", rules: ["none"], approvers: [], obligations: [] },
      problems: ["expected allow and came deny, by none"],
    },
    {
      name: "no tool",
      line: 12,
      outcome: "wrong",
      expected: "allow",
      came: null,
      problems: ["there is no tool a__b"],
    },
  ],
};

function script() {
  const bodies: Record<string, unknown>[] = [];
  const keep = (body: string) => void bodies.push(JSON.parse(body) as Record<string, unknown>);
  const client: Partial<Client> = {
    checkPolicy: async ({ body }) => {
      keep(body);
      const at = { line: 3, column: 1, key: "policy.rules.own", suggestion: null };
      const warnings = [{ ...at, message: "is checked once it was listed (rule b)" }];
      const problems = [{ ...at, message: "is wrong (rule a)" }];
      return { ...ok, body: { ok: false, rules: 2, problems, warnings } };
    },
    testPolicy: async ({ body }) => {
      keep(body);
      return { ...ok, body: tested };
    },
    explainPolicy: async ({ body }) => {
      keep(body);
      return { ...ok, body: explained };
    },
    findBlastRadius: async ({ body }) => {
      keep(body);
      return { ...ok, body: radius };
    },
    getPolicySchema: async () => ({ ...ok, body: "entity User;\n" }),
  };
  return { bodies, client, files };
}

const explained: PolicyExplanation = {
  decision: {
    kind: "ask",
    policy: digest,
    reasons: [{ rule: "big", text: "Large payments are looked at.", remedy: "request_approval" }],
    obligations: [],
    approvers: [{ who: "role:finance", quorum: 2, passkey: true }],
  },
  target: {
    kind: "Tool",
    id: "bank__pay",
    action: "bank__pay",
    server: "bank",
    effect: "write",
    outward: true,
  },
  slice: digest,
  rules: [
    {
      id: "big",
      source: "own",
      line: 3,
      effect: "forbid",
      gives: "approval",
      reads: ["context.args.amount"],
      applied: [{ as: "subject", first: "yes", second: "no" }],
    },
  ],
  context: { args: { amount: 700 } },
  kept: true,
  keptWhy: "For the same caller and the same context.",
};

const radius: BlastRadius = {
  summary: "Of 1 tools on 1 servers: …",
  unseen: ["crm"],
  tools: [
    {
      tool: "bank__pay",
      server: "bank",
      decision: "depends",
      possible: ["allow", "deny"],
      on: ["args.amount"],
      rules: ["pay"],
      effect: "write",
      outward: true,
      credentials: ["secret://bank-token"],
      limits: { timeoutMs: 60_000, concurrency: 64, callsPerMinute: 30 },
    },
  ],
};

test("policy check names file and line, exits 2 for a problem, and takes what serves", async () => {
  const given = script();
  const { code, out } = await callCli("policy check", given);
  expect(code).toBe(2);
  expect(out).toContain("countersign.yaml:3:1: policy.rules.own is wrong (rule a)\n");
  expect(out).toContain("countersign.yaml:3:1: warning: policy.rules.own is checked once");
  expect(out).toContain("2 rules, 1 problem, 1 warning.");
  const serving = await callCli("policy check --serving --json", given);
  expect(serving.json()).toMatchObject({ file: null, ok: false });
  expect(given.bodies).toEqual([{ document: "version: 1\n" }, { document: null }]);
  expect(await callCli("policy check --serving --file a.yaml", given)).toMatchObject({ code: 2 });
});

test("policy test exits 1 for a case that failed or is wrong, and writes JUnit", async () => {
  const given = script();
  const one = await callCli("policy test", given);
  expect(one.code).toBe(1);
  expect(one.out).toContain('failed policy.cases.yaml:7 differs, by <"far">\n  expected allow');
  expect(one.out).toContain("wrong policy.cases.yaml:12 no tool\n  there is no tool a__b\n");
  expect(one.out).toContain("1 passed, 1 failed, 1 wrong.");
  const line = "policy test policy.cases.yaml more.cases.yaml --junit out.xml --json";
  const two = await callCli(line, given);
  expect(two.json()).toMatchObject({ passed: 2, failed: 2, wrong: 2 });
  const xml = two.files["out.xml"]!;
  expect(xml).toContain('<testsuite name="more.cases.yaml" tests="3" failures="1" errors="1">');
  expect(xml).toContain('name="differs, by &lt;&quot;far&quot;&gt;"');
  expect(xml.match(/<failure /g)).toHaveLength(2);
  expect(xml.match(/<error /g)).toHaveLength(2);
  const passing = {
    ...given.client,
    testPolicy: async () => ({ ...ok, body: { ...tested, failed: 0, wrong: 0 } }),
  };
  expect((await callCli("policy test", { ...given, client: passing })).code).toBe(0);
});

test.each([
  ["cases", "policy.cases.yaml:1:1"],
  ["document", "countersign.yaml:1:1"],
])("what is wrong in the %s is named by its own file", async (of, place) => {
  const problems = [{ line: 1, column: 1, key: "cases", message: "is empty", suggestion: null }];
  const testPolicy = async () => {
    throw new Fault("config_invalid", "Refused.", { details: { of, problems } });
  };
  const { code, err } = await callCli("policy test", { files, client: { testPolicy } });
  expect([code, err]).toEqual([2, expect.stringContaining(place)]);
});

test("policy explain says the decision, its rules and what they were told", async () => {
  const given = script();
  const line =
    'policy explain bank__pay --as ada --role payer --role staff --args {"amount":7.0} --label untrusted --agent travel --at 2026-11-18T10:00:00Z';
  const { code, out } = await callCli(line, given);
  expect(code).toBe(0);
  expect(given.bodies[0]).toEqual({
    document: null,
    question: {
      as: { subject: "ada", roles: ["payer", "staff"], agent: "travel" },
      tool: "bank__pay",
      labels: ["untrusted"],
      toolset: "",
      approved: false,
      at: "2026-11-18T10:00:00Z",
      args: { amount: 7 },
    },
  });
  expect(out).toContain("ask bank__pay (write, outward, server bank)");
  expect(out).toContain("by big: Large payments are looked at.");
  expect(out).toContain("asks role:finance, 2 of them, by passkey");
  expect(out).toMatch(/big +forbid, gives way to approval +applies, then does not +context\.args/);
  expect((await callCli(`${line} --json`, given)).json()).toMatchObject({ slice: digest });
});

test.each([
  ["policy explain bank__pay", "--as SUBJECT"],
  ["policy explain bank__pay --as ada --args 5", "takes a JSON object"],
  ["policy explain", "Expected argument for tool"],
  ["policy test gone.yaml", "gone.yaml is not there"],
  ["blast-radius", "Say whose"],
])("`%s` is wrong usage", async (line, complaint) => {
  const { code, err } = await callCli(line, script());
  expect([code, err]).toEqual([2, expect.stringContaining(complaint)]);
});

test("blast-radius shows the worst first and what is not in it", async () => {
  const given = script();
  const { code, out } = await callCli("blast-radius travel --tenant acme", given);
  expect(code).toBe(0);
  expect(out).toContain("Not in it: crm");
  expect(out).toMatch(
    /bank__pay +allow\/deny +write, outward .*30\/min +secret:\/\/bank-token +depends on args.amount/,
  );
  await callCli("blast-radius --as ada --role staff --toolset office", given);
  expect(given.bodies).toEqual([
    { document: null, agent: "travel", tenant: "acme", toolset: null },
    { document: null, as: { subject: "ada", roles: ["staff"] }, toolset: "office" },
  ]);
});

test("policy schema prints text for editors, and completion knows the commands", async () => {
  expect(await callCli("policy schema", script())).toMatchObject({
    out: "entity User;\n",
    code: 0,
  });
  expect((await callCli("policy schema --json", script())).json()).toEqual({
    schema: "entity User;\n",
  });
  expect((await callCli("__complete policy e")).out.trim()).toBe("explain");
  expect((await callCli("__complete bl")).out.trim()).toBe("blast-radius");
});

test("plan says in words which rules a changed text adds, removes and changes", async () => {
  const planConfig: Client["planConfig"] = async () => ({
    ...ok,
    body: {
      digest,
      base: digest.replace("a", "b"),
      changes: [
        {
          kind: "changed",
          key: "policy.rules.own",
          before: "a\nb\n",
          after: "c\n",
          restart: false,
        },
      ],
      rules: [
        { kind: "removed", rule: "old", source: "own" },
        { kind: "added", rule: "new", source: "own" },
      ],
    },
  });
  const { out } = await callCli("plan", { files, client: { planConfig } });
  expect(out).toContain("policy.rules.own  2 lines → 1 line\n");
  expect(out).toContain("      rule old is removed\n      rule new is added\n");
});
