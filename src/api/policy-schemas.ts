import { z } from "zod";
import { digestSchema, obligationSchema } from "../model/index.ts";

const decision = z.enum(["allow", "deny", "ask"]);
const effect = z.enum(["read", "write", "destructive"]);

const finding = z.object({
  line: z.int().describe("Of the document; where the serving one is checked, of the rule's text."),
  column: z.int(),
  key: z.string().describe("`policy.rules.own`; empty for the document itself."),
  message: z.string(),
  suggestion: z.string().nullable(),
});

const caseDecision = z.object({
  decision,
  rules: z.array(z.string()),
  approvers: z.array(z.string()),
  obligations: z.array(z.string()).describe("Each as canonical JSON."),
});

const caseResult = z.object({
  name: z.string(),
  line: z.int(),
  outcome: z
    .enum(["passed", "failed", "wrong"])
    .describe("`wrong`: it asks what could not be asked, so it says nothing about the rules."),
  expected: decision,
  came: caseDecision.nullable(),
  problems: z.array(z.string()),
});

const held = z.enum(["yes", "no", "error"]);

const explainedRule = z.object({
  id: z.string(),
  source: z.string(),
  line: z.int(),
  effect: z.enum(["permit", "forbid"]),
  gives: z.enum(["approval", "obligation"]).nullable(),
  reads: z.array(z.string()),
  applied: z.array(
    z.object({
      as: z.enum(["subject", "agent"]),
      first: held.describe("With nothing discharged."),
      second: held.nullable().describe("As if what was asked for had been given; null: not asked."),
    }),
  ),
});

const limits = z.object({
  timeoutMs: z.int(),
  concurrency: z.int(),
  callsPerMinute: z.int().nullable(),
});

const blastTool = z.object({
  tool: z.string(),
  server: z.string(),
  decision: z.enum(["allow", "deny", "ask", "depends"]),
  possible: z.array(decision).describe("Worst first."),
  on: z.array(z.string()).describe("What it depends on: `args.amount`, `labels`, `time.hour`."),
  rules: z.array(z.string()).describe("That could apply."),
  effect,
  outward: z.boolean(),
  credentials: z.array(z.string()).describe("References of the server's configuration, no values."),
  limits,
});

export const policySchemas = {
  PolicyCheck: z.object({
    ok: z.boolean(),
    rules: z.int(),
    problems: z.array(finding),
    warnings: z.array(finding).describe("Said, and no reason to refuse."),
  }),
  PolicyTest: z.object({
    passed: z.int(),
    failed: z.int(),
    wrong: z.int(),
    cases: z.array(caseResult),
  }),
  PolicyExplanation: z.object({
    decision: z.object({
      kind: decision,
      policy: digestSchema,
      reasons: z.array(
        z.object({ rule: z.string(), text: z.string(), remedy: z.string().nullable() }),
      ),
      obligations: z.array(obligationSchema),
      approvers: z.array(z.object({ who: z.string(), quorum: z.int(), passkey: z.boolean() })),
    }),
    target: z.object({
      kind: z.enum(["Tool", "Prompt", "Resource"]),
      id: z.string(),
      action: z.string(),
      server: z.string(),
      effect,
      outward: z.boolean(),
    }),
    slice: digestSchema.describe("Of the rules about this target: what an intent binds to."),
    rules: z.array(explainedRule),
    context: z
      .record(z.string(), z.unknown())
      .nullable()
      .describe("What the rules are told; null where an argument cannot be told exactly."),
    kept: z.boolean().describe("Whether the same question again is answered from memory."),
    keptWhy: z.string(),
  }),
  BlastRadius: z.object({
    summary: z.string(),
    tools: z.array(blastTool).describe("Worst first."),
    unseen: z.array(z.string()).describe("Servers that were never listed: not in it."),
  }),
} as const;

export const ruleChange = z.object({
  kind: z.enum(["added", "removed", "changed"]),
  rule: z.string(),
  source: z.string(),
});
