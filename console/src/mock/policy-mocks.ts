import type { BlastRadius, PolicyExplanation } from "../../../src/client/client.ts";
import type { MockAnswer, MockAsked, MockRoute } from "./mock-route.ts";
import { mockTools, toExposed } from "./mock-tools.ts";
import { ago, mockDigest } from "./mock-world.ts";

const money = `// Who may look, and who may spend.
@id("reads")
@reason("What only reads is open to everybody here.")
permit (principal, action in Action::"read", resource);

@id("pay")
permit (principal in Role::"default/payer", action == Action::"bank__pay", resource)
when { context.args.amount.lessThanOrEqual(decimal("10000.0")) };

@id("pay-ask")
@ask("Payments above 500 are looked at by finance.")
@approvers("role:finance")
@quorum("2")
forbid (principal, action == Action::"bank__pay", resource)
when { context.args.amount.greaterThan(decimal("500.0")) }
unless { context.approval.granted };

@id("office-hours")
@reason("Money moves on working days from 8 to 18 UTC.")
@remedy("retry_later")
forbid (principal, action == Action::"bank__pay", resource)
when { context.time.weekday > 5 || context.time.hour < 8 || context.time.hour >= 18 };
`;

const house = `@id("untrusted-ask")
@ask("Untrusted content was read before.")
forbid (principal, action in [Action::"write", Action::"outward"], resource)
when { context.labels.contains("untrusted") }
unless { context.approval.granted };

@id("no-secrets-out")
@reason("What is confidential does not leave.")
forbid (principal, action in Action::"outward", resource)
when { context.labels.contains("confidential") };
`;

const document = {
  version: 1,
  policy: { rule: "deny-all", rules: { money, house } },
  toolsets: { office: { servers: ["bank", "flights"] }, kiosk: { servers: ["flights"] } },
  agents: { travel: { model: "large" }, invoices: { model: "small" } },
};

interface Asked {
  readonly as: { readonly subject: string; readonly roles: readonly string[] };
  readonly tool: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly labels: readonly string[];
}

function toRule(id: string, line: number, held: "yes" | "no"): PolicyExplanation["rules"][number] {
  const isAsk = id.endsWith("-ask");
  return {
    id,
    source: id === "untrusted-ask" || id === "no-secrets-out" ? "house" : "money",
    line,
    effect: id === "reads" || id === "pay" ? "permit" : "forbid",
    gives: isAsk ? "approval" : null,
    reads: isAsk ? ["args.amount", "approval"] : id === "office-hours" ? ["time.hour"] : [],
    applied: [{ as: "subject", first: held, second: isAsk && held === "yes" ? "no" : null }],
  };
}

function explain({ body }: MockAsked): MockAnswer {
  const { question } = body as { readonly question: Asked };
  const tool = mockTools.find((each) => toExposed(each) === question.tool) ?? mockTools[0]!;
  const amount = Number(question.args["amount"] ?? 0);
  const kind = tool.effect === "read" ? "allow" : amount > 500 ? "ask" : "deny";
  const reasons = {
    allow: { rule: "reads", text: "What only reads is open to everybody here." },
    ask: { rule: "pay-ask", text: "Payments above 500 are looked at by finance." },
    deny: { rule: "none", text: "no rule allows it" },
  } as const;
  const explained: PolicyExplanation = {
    decision: {
      kind,
      policy: mockDigest(600),
      reasons: [{ ...reasons[kind], remedy: kind === "ask" ? "request_approval" : null }],
      obligations: [],
      approvers: kind === "ask" ? [{ who: "role:finance", quorum: 2, passkey: false }] : [],
    },
    target: {
      kind: "Tool",
      id: toExposed(tool),
      action: toExposed(tool),
      server: tool.server,
      effect: tool.effect,
      outward: tool.outward ?? false,
    },
    slice: mockDigest(601),
    rules:
      kind === "allow"
        ? [toRule("reads", 2, "yes")]
        : [
            toRule("pay", 6, amount > 0 ? "yes" : "no"),
            toRule("pay-ask", 10, kind === "ask" ? "yes" : "no"),
            toRule("office-hours", 18, "no"),
            toRule("untrusted-ask", 1, "no"),
          ],
    context: { args: question.args, labels: question.labels, time: { hour: 10, weekday: 3 } },
    kept: false,
    keptWhy: "Its rules read the hour: for an hour.",
  };
  return { body: explained };
}

function blast(): MockAnswer {
  const tools: BlastRadius["tools"] = mockTools.map((tool) => {
    const isRead = tool.effect === "read";
    return {
      tool: toExposed(tool),
      server: tool.server,
      decision: isRead ? "allow" : tool.name === "pay" ? "depends" : "deny",
      possible: isRead ? ["allow"] : tool.name === "pay" ? ["allow", "ask", "deny"] : ["deny"],
      on: tool.name === "pay" ? ["args.amount", "labels", "time.hour"] : [],
      rules: isRead ? ["reads"] : tool.name === "pay" ? ["pay", "pay-ask", "office-hours"] : [],
      effect: tool.effect,
      outward: tool.outward ?? false,
      credentials: tool.server === "bank" ? ["vault://bank"] : [],
      limits: { timeoutMs: 60_000, concurrency: 64, callsPerMinute: null },
    };
  });
  const summary =
    "Of 8 tools on 4 servers: 5 can be called without a person (4 always, 1 depending), 0 after asking, 3 never.";
  return { body: { summary, tools, unseen: [] } };
}

function test(): MockAnswer {
  const came = {
    decision: "ask",
    rules: ["pay-ask"],
    approvers: ["role:finance"],
    obligations: [],
  } as const;
  const cases = [
    {
      name: "a payment that finance looks at",
      line: 2,
      outcome: "passed",
      expected: "ask",
      came,
      problems: [],
    },
    {
      name: "small payments pass",
      line: 8,
      outcome: "failed",
      expected: "allow",
      came,
      problems: ["expected allow, came ask"],
    },
  ];
  return { body: { passed: 1, failed: 1, wrong: 0, cases } };
}

export const policyMocks: readonly MockRoute[] = [
  {
    method: "GET",
    path: "/v1/config",
    answer: () => ({ body: { digest: mockDigest(599), appliedAt: ago(5 * 3_600_000), document } }),
  },
  {
    method: "POST",
    path: "/v1/policy/check",
    answer: () => ({
      body: {
        ok: true,
        rules: 6,
        problems: [],
        warnings: [
          {
            line: 4,
            column: 10,
            key: "policy.rules.money",
            message: "the server weather was never listed: its tools are not known yet",
            suggestion: null,
          },
        ],
      },
    }),
  },
  { method: "POST", path: "/v1/policy/explain", answer: explain },
  { method: "POST", path: "/v1/policy/test", answer: test },
  { method: "POST", path: "/v1/policy/blast-radius", answer: blast },
];
