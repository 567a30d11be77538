import { z } from "zod";
import { countField, sizeField } from "./config-field.ts";
import { egressRuleSchema, parseEgressRule, type SandboxLimits } from "./sandbox.ts";
import { secretReferenceSchema } from "./secret-reference.ts";

export const limitsField = z
  .strictObject({
    memory: sizeField({ min: "16MiB", max: "1TiB" })
      .prefault("512MiB")
      .describe("Of all its processes together. One that wants more is ended."),
    processes: countField({ min: 4, max: 32_768 })
      .prefault(128)
      .describe("Processes and threads. One more is refused."),
    cpus: z
      .number("takes a number, such as 0.5 or 2")
      .min(0.1, "takes 0.1 at least")
      .max(256, "takes 256 at most")
      .prefault(1)
      .describe("Processors that it may keep busy."),
    scratch: sizeField({ min: "1MiB", max: "64GiB" })
      .prefault("64MiB")
      .describe("Files that it writes in /tmp, its home. They are gone when it ends."),
    openFiles: countField({ min: 16, max: 65_536 }).prefault(1_024).describe("Files open at once."),
  })
  .prefault({})
  .describe("What the program may use at most.");

const fileSchema = z.strictObject({
  path: z
    .string()
    .min(1)
    .max(4_096)
    .describe(
      "A file or a directory, relative to countersign.yaml; it lies at the same path inside.",
    ),
  write: z
    .boolean("takes true or false")
    .prefault(false)
    .describe("Whether the program may change what lies there."),
});

const egressCredentialSchema = z.strictObject({
  host: egressRuleSchema
    .refine((text) => {
      const rule = parseEgressRule(text);
      return rule === null || (rule.protocol === "tls" && !rule.host.startsWith("*."));
    }, "takes one host with TLS, such as api.example.com:443")
    .describe("Where alone it is given: one of `egress`."),
  secret: secretReferenceSchema,
  variable: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, "takes a variable name")
    .describe("Variable in which the program finds a placeholder for it."),
});

/** Of a program on this machine: where it runs, and what it is given there. */
export const sandboxFields = {
  sandbox: z
    .enum(["none", "T1", "T2", "T3"], "takes T1, T2, T3, or none")
    .prefault("T1")
    .describe(
      "The tier that it runs in: T1 bubblewrap, T2 gVisor, T3 a virtual machine. One that is missing is refused. `none`: with the powers of the user that runs Countersign, which has to be said.",
    ),
  files: z
    .array(fileSchema)
    .max(64)
    .prefault([])
    .describe(
      "What it sees of this machine besides the system's programs and its own `directory`, which it may read.",
    ),
  egress: z
    .array(egressRuleSchema)
    .max(256)
    .prefault([])
    .describe("Hosts that it may reach, each with its port. Empty: none."),
  egressPrivate: z
    .boolean("takes true or false")
    .prefault(false)
    .describe("Whether those hosts may be at private or loopback addresses. Link-local never."),
  egressCredentials: z
    .array(egressCredentialSchema)
    .max(16)
    .prefault([])
    .describe(
      "Secrets that it uses at those hosts without having them: it puts the placeholder into a header, and on the way out the secret takes its place. TLS to these hosts ends at the gate.",
    ),
  limits: limitsField,
};

interface Sandboxed {
  readonly sandbox: "none" | "T1" | "T2" | "T3";
  readonly files: readonly unknown[];
  readonly egress: readonly string[];
  readonly egressCredentials: readonly z.output<typeof egressCredentialSchema>[];
  readonly environment: Readonly<Record<string, unknown>>;
}

/** What is given to a program in a sandbox binds nobody that has none. */
export function refuseUnbound(given: Sandboxed, context: z.RefinementCtx): void {
  const { sandbox, files, egress, egressCredentials } = given;
  refuseStray(given, context);
  if (sandbox !== "none") return;
  for (const [key, list] of Object.entries({ files, egress, egressCredentials }))
    if (list.length > 0)
      context.addIssue({
        code: "custom",
        path: [key],
        message: "is for a program in a sandbox, and this one has none",
      });
}

/** A credential stands at a host that is reached, and in a variable that nothing else is in. */
function refuseStray(
  { egress, egressCredentials, environment }: Sandboxed,
  context: z.RefinementCtx,
): void {
  const taken = new Set(Object.keys(environment));
  egressCredentials.forEach(({ host, variable }, index) => {
    const complain = (key: string, message: string): void =>
      context.addIssue({ code: "custom", path: ["egressCredentials", index, key], message });
    if (!egress.includes(host)) complain("host", "is none of `egress`, so it is never reached");
    if (taken.has(variable)) complain("variable", "is given twice");
    taken.add(variable);
  });
}

export function toSandboxLimits({
  limits,
}: {
  readonly limits: z.output<typeof limitsField>;
}): SandboxLimits {
  const { memory, processes, cpus, scratch, openFiles } = limits;
  return {
    memoryBytes: memory,
    processes,
    cpuMillis: Math.round(cpus * 1_000),
    scratchBytes: scratch,
    openFiles,
  };
}
