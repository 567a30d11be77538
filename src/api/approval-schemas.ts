import { z } from "zod";

const at = z.iso.datetime();

const approver = z.object({
  who: z.string(),
  quorum: z.int(),
  passkey: z.boolean(),
  have: z.int(),
});

const verdict = z.object({
  word: z.enum(["approved", "denied"]),
  approver: z.string().nullable(),
  reason: z.string().nullable(),
  at,
  passkey: z.boolean(),
});

const Approval = z
  .object({
    id: z.string(),
    digest: z.string().describe("Of the intent: what is agreed to, and nothing else."),
    url: z.string().describe("Of the page where a person decides."),
    state: z.enum(["pending", "approved", "denied", "expired", "consumed", "voided"]),
    server: z.string(),
    tool: z.string().nullable(),
    method: z.string(),
    target: z.string(),
    toolset: z.string(),
    effect: z.enum(["read", "write", "destructive"]),
    outward: z.boolean(),
    labels: z.array(z.string()),
    description: z.string().nullable(),
    rules: z.array(z.object({ rule: z.string(), text: z.string() })),
    approvers: z.array(approver),
    requester: z.object({
      kind: z.string(),
      subject: z.string(),
      agent: z.string().nullable(),
    }),
    claim: z.string().nullable().describe("What the caller says about its own request."),
    args: z.unknown().describe("Exactly what would be sent; null once it was erased."),
    facts: z
      .array(z.object({ key: z.string(), value: z.string().nullable() }))
      .describe(
        "What the run that asks has read and the call rests on. With another value it is another call.",
      ),
    lastApproved: z
      .object({ id: z.string(), at, args: z.unknown() })
      .nullable()
      .describe("The last approved call of the tool that was made."),
    reach: z
      .object({
        transport: z.string(),
        hosts: z.array(z.string()),
        credential: z.string().nullable(),
      })
      .nullable(),
    verdicts: z.array(verdict),
    createdAt: at,
    expiresAt: at,
    holds: z.boolean().describe("Whether its tool is still what it was when this was asked for."),
    erased: z.boolean(),
  })
  .meta({ id: "Approval" });

export const approvalSchemas = {
  Approval,
  Approvals: z
    .object({
      approvals: z.array(Approval),
      seen: z.string().describe("Sent back as `seen`, it waits for what comes after."),
    })
    .meta({ id: "Approvals" }),
  ApprovalSigning: z
    .object({ options: z.record(z.string(), z.unknown()) })
    .meta({ id: "ApprovalSigning" }),
  ApprovalDecided: z
    .object({ id: z.string(), state: Approval.shape.state })
    .meta({ id: "ApprovalDecided" }),
  Calls: z
    .object({
      calls: z.array(
        z.object({
          id: z.string(),
          server: z.string(),
          tool: z.string().nullable(),
          state: z.enum(["open", "unknown"]),
          intent: z.string(),
          subject: z.string(),
          approval: z.string().nullable(),
          at,
          notAfter: at,
          outcome: z.string().nullable(),
        }),
      ),
      next: z.string().nullable(),
    })
    .meta({ id: "Calls" }),
  CallResolved: z
    .object({ id: z.string(), outcome: z.enum(["done", "not_done", "retry"]) })
    .meta({ id: "CallResolved" }),
  PrivacyErased: z
    .object({
      subject: z.string(),
      approvals: z.int(),
      calls: z.int(),
      verdicts: z.int(),
      workspaces: z.int(),
      memories: z.int(),
      runs: z.int(),
      runsLeft: z
        .int()
        .describe("Had not ended: they are cancelled, and go when it is erased again."),
    })
    .meta({ id: "PrivacyErased" }),
};
