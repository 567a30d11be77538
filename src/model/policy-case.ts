import { z } from "zod";
import { roleSchema } from "./config-policy.ts";
import { digestSchema } from "./digest.ts";
import { tenantIdSchema } from "./id.ts";
import { labelSchema } from "./label.ts";

const nameField = z
  .string("takes a name")
  .min(1, "takes a name")
  .max(256, "takes a name of at most 256 characters")
  .regex(/^\P{Cc}+$/u, "takes a name without control characters");

const countField = z.int("takes a whole number").min(0, "takes a number from 0");

/** Who is asked about: a person or a program, and the agent that acts for it. */
export const askerSchema = z.strictObject({
  subject: nameField,
  kind: z.enum(["user", "service"], "takes user or service").prefault("user"),
  tenant: tenantIdSchema.prefault("default"),
  roles: z
    .array(roleSchema, "takes a list of roles")
    .max(100, "takes at most 100 roles")
    .prefault([]),
  agent: nameField.optional(),
  bundle: digestSchema.optional(),
});
export type AskerOfCase = z.output<typeof askerSchema>;

const shape = {
  as: askerSchema,
  tool: z.string("takes server__tool").max(256).optional(),
  resource: z.string("takes a URI").max(2_048).optional(),
  server: z.string("takes a name of a server").max(64).optional(),
  prompt: z.string("takes server__prompt").max(256).optional(),
  args: z.record(z.string(), z.unknown(), "takes arguments by name").prefault({}),
  labels: z
    .array(labelSchema, "takes a list of labels: trusted, untrusted, confidential")
    .max(3)
    .prefault([]),
  toolset: z.string("takes a name of a toolset").max(64).prefault(""),
  at: z.iso
    .datetime({ offset: true, error: "takes a time such as 2026-11-20T10:30:00Z" })
    .optional(),
  approved: z.boolean("takes true or false").prefault(false),
  run: z.strictObject({ step: countField, calls: countField, spentMicros: countField }).optional(),
};

interface Named {
  readonly tool?: string | undefined;
  readonly resource?: string | undefined;
  readonly prompt?: string | undefined;
  readonly server?: string | undefined;
}

/** One of three, and whose it is where a URI does not say so. */
function namesOne({ tool, resource, prompt, server }: Named): boolean {
  const count = [tool, resource, prompt].filter((name) => name !== undefined).length;
  return count === 1 && (resource === undefined) === (server === undefined);
}

const notOne = "names one of tool, prompt, or resource with server";

/** What policy is asked about, all of it written out. */
export const policyQuestionSchema = z.strictObject(shape).refine(namesOne, notOne);
export type PolicyQuestion = z.output<typeof policyQuestionSchema>;

export const policyCaseSchema = z
  .strictObject({
    name: nameField,
    ...shape,
    expect: z.enum(["allow", "deny", "ask"], "takes allow, deny or ask"),
    rule: nameField.optional(),
    approvers: z.array(nameField, "takes a list such as [role:finance]").max(100).optional(),
    obligations: z
      .array(z.string().max(2_048), 'takes a list such as ["redact /card"]')
      .max(100)
      .optional(),
  })
  .refine(namesOne, notOne)
  .refine(({ approvers, expect }) => approvers === undefined || expect === "ask", {
    path: ["approvers"],
    message: "goes with expect: ask",
  })
  .refine(({ obligations, expect }) => obligations === undefined || expect !== "deny", {
    path: ["obligations"],
    message: "goes with expect: allow or ask",
  });
export type PolicyCase = z.output<typeof policyCaseSchema>;

/** A file of cases: `policy.cases.yaml` beside the configuration. */
export const policyCasesSchema = z.strictObject({
  cases: z
    .array(policyCaseSchema, "takes a list of cases")
    .min(1, "takes at least one case")
    .max(5_000, "takes at most 5000 cases")
    .superRefine((cases, context) => {
      const seen = new Set<string>();
      for (const [index, { name }] of cases.entries()) {
        if (seen.has(name))
          context.addIssue({ code: "custom", path: [index, "name"], message: "is taken already" });
        seen.add(name);
      }
    }),
});
