import { z } from "zod";
import { countField, sizeField } from "./config-field.ts";
import { egressRuleSchema, type SandboxLimits } from "./sandbox.ts";

const limitsField = z
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
  limits: limitsField,
};

interface Sandboxed {
  readonly sandbox: "none" | "T1" | "T2" | "T3";
  readonly files: readonly unknown[];
  readonly egress: readonly unknown[];
}

/** What is given to a program in a sandbox binds nobody that has none. */
export function refuseUnbound(
  { sandbox, files, egress }: Sandboxed,
  context: z.RefinementCtx,
): void {
  if (sandbox !== "none") return;
  for (const [key, list] of Object.entries({ files, egress }))
    if (list.length > 0)
      context.addIssue({
        code: "custom",
        path: [key],
        message: "is for a program in a sandbox, and this one has none",
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
