import { z } from "zod";
import { modelPatternField } from "./config-field.ts";
import { roleSchema } from "./config-policy.ts";
import { tenantIdSchema } from "./id.ts";
import { secretReferenceSchema } from "./secret-reference.ts";

const callerName = z
  .string()
  .max(64)
  .regex(
    /^[a-z0-9]+(?:[-_.][a-z0-9]+)*$/,
    "takes a name of lower-case letters, digits, -, _ and .",
  );

const notCertificate =
  "takes a name that its certificate proves: DNS:agent.example.com or URI:spiffe://prod/agent";

const unrecognised = { message: "cannot be recognised: it takes key, certificate or both" };

interface Recognised {
  readonly key?: string | undefined;
  readonly certificate?: string | undefined;
}

function isRecognised({ key, certificate }: Recognised): boolean {
  return key !== undefined || certificate !== undefined;
}

function areCertificatesApart(all: Readonly<Record<string, Recognised>>): boolean {
  const names = Object.values(all).flatMap(({ certificate }) => certificate ?? []);
  return new Set(names).size === names.length;
}

const callerSchema = z.strictObject({
  key: secretReferenceSchema.optional().describe("Reference to its API key."),
  nextKey: secretReferenceSchema
    .optional()
    .describe("Reference to the key that takes its place: both are good until one is taken out."),
  certificate: z
    .string(notCertificate)
    .max(512, notCertificate)
    .regex(/^(?:DNS|URI):[^\s",]+$/, notCertificate)
    .optional()
    .describe("Alternative name in its client certificate, which `tls.clients` must have issued."),
  toolsets: z
    .array(z.string().max(40), "takes a list of toolsets")
    .max(100)
    .optional()
    .describe("Toolsets it may use. Absent: all, and `/mcp`."),
  models: z
    .array(modelPatternField, "takes a list of models")
    .max(100)
    .optional()
    .describe(
      "Models it may ask, by their aliases, with `*`. Absent: all, and none where it has `toolsets`.",
    ),
  roles: z
    .array(roleSchema, "takes a list of roles")
    .max(100, "takes at most 100 roles")
    .prefault([])
    .describe('Roles that policies know it by: `Role::"default/NAME"`.'),
  tenant: tenantIdSchema.prefault("default").describe("Whose caller it is."),
});

const approverSchema = callerSchema.pick({ key: true, nextKey: true, certificate: true }).extend({
  roles: z
    .array(roleSchema, "takes a list of roles")
    .max(100, "takes at most 100 roles")
    .prefault([])
    .describe('What rules ask for: `@approvers("role:finance")`.'),
  tenant: tenantIdSchema.prefault("default").describe("Whose calls it decides."),
});

export const approversField = z
  .record(callerName, approverSchema.refine(isRecognised, unrecognised))
  .refine(areCertificatesApart, "names one certificate twice")
  .prefault({})
  .describe(
    "Who decides approvals, by name, beside the approver key of this user. They call nothing.",
  );

export const callersField = z
  .record(callerName, callerSchema.refine(isRecognised, unrecognised))
  .refine(areCertificatesApart, "names one certificate twice")
  .prefault({})
  .describe("Who may call tools, by name, beside the caller key of this user.");

export const listenerTlsField = z
  .strictObject({
    certificate: secretReferenceSchema.describe(
      "Certificate of the listener (PEM), with its chain.",
    ),
    key: secretReferenceSchema.describe("Its private key (PEM)."),
    clients: secretReferenceSchema
      .optional()
      .describe(
        "Authority whose client certificates are believed (PEM). Absent: none is asked for.",
      ),
  })
  .optional()
  .describe("TLS of the listener. Rotated files are taken up within seconds. Absent: plain HTTP.");
