import { z } from "zod";
import { freezeKinds } from "../model/freeze.ts";
import { digestSchema } from "../model/index.ts";
import { ownOutcomeNames } from "../ports/gate.ts";
import { approvalSchemas } from "./approval-schemas.ts";
import { bundleSchemas } from "./bundle-schemas.ts";
import { costSchemas } from "./cost-schemas.ts";
import { credentialSchemas } from "./credential-schemas.ts";
import { explainSchemas } from "./explain-schemas.ts";
import { ledgerSchemas } from "./ledger-schemas.ts";
import { sandboxSchemas } from "./sandbox-schemas.ts";
import { modelSchemas } from "./model-schemas.ts";
import { passkeySchemas } from "./passkey-schemas.ts";
import { policySchemas, ruleChange } from "./policy-schemas.ts";
import { runSchemas } from "./run-schemas.ts";
import { serverSchemas } from "./server-schemas.ts";

/** The shapes on the wire. Each has a name in openapi.json and in the generated client. */

const problem = z.object({
  line: z.int(),
  column: z.int(),
  key: z.string().describe("`store.url`; empty for the document itself."),
  message: z.string(),
  suggestion: z.string().nullable(),
});

const change = z.object({
  kind: z.enum(["added", "removed", "changed"]),
  key: z.string(),
  before: z.unknown(),
  after: z.unknown(),
  restart: z.boolean().describe("A running process refuses it; the next start takes it."),
});

const holder = z.object({
  name: z.string().describe("As logs and receipts name it."),
  roles: z.array(z.enum(["admin", "approver", "caller", "viewer", "operator", "auditor"])),
  tenant: z.string().nullable(),
});

const drift = z.object({
  server: z.string(),
  tool: z.string(),
  grade: z.enum(["cosmetic", "widening", "breaking", "dangerous"]),
  reasons: z.array(z.string()),
  pinned: digestSchema.nullable(),
  observed: digestSchema.nullable(),
  before: z.string().nullable(),
  after: z.string().nullable(),
});

const frozenShape = z.object({
  kind: z.enum(freezeKinds),
  name: z.string().describe("The tool as server__tool; empty for tenant and all."),
});
const freeze = frozenShape.extend({
  reason: z.string(),
  by: z.string(),
  at: z.iso.datetime(),
  lifted: z.object({ by: z.string(), at: z.iso.datetime() }).nullable(),
});

const secret = z.object({
  name: z.string(),
  subject: z.string().nullable().describe("Whose it is; null: for all."),
  version: z.int().describe("Counts up with each value."),
  hosts: z.array(z.string()).describe("Where alone it may be sent to; none: no bound."),
  writtenAt: z.iso.datetime(),
});

export const schemas = {
  Refusal: z
    .object({
      error: z.object({
        code: z.string().describe("One of the fault catalogue."),
        message: z.string(),
        hint: z.string(),
        details: z.record(z.string(), z.unknown()),
        docs: z.string(),
        request: z.string().describe("The id under which the server's log knows this request."),
      }),
    })
    .describe("Every answer that is a no."),
  Health: z.object({ status: z.literal("live") }),
  Readiness: z.object({
    status: z.enum(["ready", "not ready"]),
    checks: z.array(
      z.object({ name: z.string(), ready: z.boolean(), reason: z.string().nullable() }),
    ),
  }),
  Holder: holder,
  Version: z.object({
    version: z.string(),
    node: z.string(),
    revision: digestSchema,
  }),
  Revision: z.object({
    digest: digestSchema,
    appliedAt: z.iso.datetime(),
    document: z.unknown().describe("References to secrets, never their values."),
  }),
  Change: change,
  ConfigPlan: z.object({
    digest: digestSchema,
    base: digestSchema.describe("The revision it was compared with; If-Match of the apply."),
    changes: z.array(change),
    rules: z.array(ruleChange).describe("Rules that the texts of policies differ in."),
  }),
  ConfigApplied: z.object({
    kind: z.enum(["applied", "unchanged"]),
    digest: digestSchema,
  }),
  ConfigProblem: problem,
  ...serverSchemas,
  Drift: drift,
  Drifts: z.object({ drifts: z.array(drift) }),
  DriftAccepted: z.object({ server: z.string(), tool: z.string(), pin: digestSchema.nullable() }),
  Secret: secret.describe("Everything about a stored secret but its value."),
  Secrets: z.object({
    secrets: z.array(secret),
    next: z.string().nullable().describe("What to ask for as `after`; null on the last page."),
  }),
  Freezes: z.object({ freezes: z.array(freeze).describe("The latest first; lifted ones too.") }),
  FreezeChange: frozenShape.extend({
    changed: z.boolean().describe("False when it was so already."),
    known: z.boolean().describe("Whether a tool or server of this name is known now."),
    meant: z.string().nullable().describe("What was probably meant, of an unknown one."),
  }),
  SecretRemoved: z.object({ name: z.string(), subject: z.string().nullable() }),
  Lint: z.object({
    findings: z.array(z.object({ tool: z.string(), rule: z.string(), message: z.string() })),
  }),
  Called: z.object({
    outcome: z
      .enum(["answered", "tool_error", "refused", ...ownOutcomeNames])
      .describe("`asks` and what follows it are the gate's own words: the tool did not answer."),
    result: z.unknown().describe("The tool's result, or the error of the protocol."),
    entry: z
      .string()
      .nullable()
      .optional()
      .describe("Of the ledger, and leads to the call's receipt; null: the call has none."),
  }),
  ...approvalSchemas,
  ...credentialSchemas,
  ...policySchemas,
  ...passkeySchemas,
  ...ledgerSchemas,
  ...modelSchemas,
  ...sandboxSchemas,
  ...runSchemas,
  ...costSchemas,
  ...explainSchemas,
  ...bundleSchemas,
} as const;
