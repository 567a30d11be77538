import { z } from "zod";
import { moneyField } from "./config-budgets.ts";
import { factFields, refuseMisplacedFacts } from "./config-facts.ts";
import { countField, durationField } from "./config-field.ts";
import { tenantIdSchema } from "./id.ts";
import { labelSchema } from "./label.ts";
import { parametersField } from "./parameter-types.ts";
import type { Tier } from "./sandbox.ts";

export const labelsField = z
  .array(labelSchema, "takes a list of labels")
  .max(3)
  .refine(
    (labels) => !(labels.includes("trusted") && labels.includes("untrusted")),
    "says trusted and untrusted at once",
  );

export const toolSchema = z
  .strictObject({
    effect: z
      .enum(["read", "write", "destructive"], "takes read, write or destructive")
      .prefault("write")
      .describe("What a call does at most. A server's own hints are not believed."),
    outward: z
      .boolean("takes true or false")
      .optional()
      .describe("Whether what goes into it may leave the house. Absent: as the server."),
    labels: labelsField
      .optional()
      .describe("Where its results come from. Absent: as the server says."),
    parameters: parametersField.optional(),
    price: moneyField.optional().describe("What one call costs, for budgets in money."),
    idempotent: z
      .boolean("takes true or false")
      .prefault(false)
      .describe("Whether a repeated call with the same arguments changes nothing more."),
    idempotencyKey: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._/-]{0,127}$/, "takes a name of a `_meta` member")
      .optional()
      .describe(
        "Member of `_meta` in which the tool takes a key: the same for each sending of one call.",
      ),
    cache: durationField({ min: "1s", max: "24h" })
      .optional()
      .describe("How long a read's result may be given again to the same caller."),
    timeout: durationField({ min: "10ms", max: "1h" })
      .optional()
      .describe("How long a call may take. Absent: the server's."),
    concurrency: countField({ min: 1, max: 10_000 })
      .optional()
      .describe("Calls of this tool under way at once. Absent: as many as the server's."),
    downgrade: z
      .enum(["T1", "T2"], "takes T1 or T2")
      .optional()
      .describe(
        "A tier that is enough for this tool where a rule asks for a stronger one. Its receipts say so.",
      ),
    ...factFields,
  })
  .describe("What is known of a tool beyond its definition.");
export interface ToolConfig extends Omit<z.output<typeof toolSchema>, "downgrade"> {
  readonly downgrade?: Tier | undefined;
}

export const common = {
  timeout: durationField({ min: "10ms", max: "1h" })
    .prefault("60s")
    .describe("How long a call may take before it is cancelled upstream."),
  concurrency: countField({ min: 1, max: 10_000 })
    .prefault(64)
    .describe("Calls under way at once. The next ones wait."),
  queue: countField({ min: 0, max: 10_000 })
    .prefault(256)
    .describe("Calls that may wait. One more is refused with a Retry-After."),
  effect: toolSchema.shape.effect,
  outward: z
    .boolean("takes true or false")
    .prefault(false)
    .describe("Whether what goes into its tools may leave the house, reads included."),
  tenants: z
    .array(tenantIdSchema, "takes a list of tenants")
    .min(1)
    .max(1_000)
    .optional()
    .describe("Tenants whose callers may use it. Absent: all."),
  labels: labelsField
    .prefault(["untrusted"])
    .describe("Where its results come from: trusted, untrusted, confidential."),
  tools: z
    .record(z.string().min(1).max(128), toolSchema.superRefine(refuseMisplacedFacts))
    .prefault({})
    .describe("By the server's own name of the tool."),
};
