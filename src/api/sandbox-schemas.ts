import { z } from "zod";
import { digestSchema } from "../model/index.ts";
import { tiers } from "../model/sandbox.ts";

const enforcer = z
  .enum(["cgroup v2", "cgroup v1", "rlimit", "mount", "machine", "engine", "none"])
  .describe("none: nothing holds this limit here.");

const sandbox = z.object({
  tier: z.enum(tiers),
  driver: z.string(),
  usable: z.boolean(),
  reason: z.string().nullable().describe("Why it is not usable."),
  fix: z.string().nullable().describe("What would mend that."),
  evidence: z.array(z.string()).describe("What a canary saw in it."),
  digest: digestSchema.nullable().describe("Of the evidence: receipts name it."),
  limits: z
    .object({
      memoryBytes: enforcer,
      processes: enforcer,
      cpuMillis: enforcer,
      scratchBytes: enforcer,
      openFiles: enforcer,
    })
    .nullable()
    .describe("What enforces each limit; null where it is not usable."),
  traits: z
    .object({
      isolation: z.string().describe("What stands between a program and the host."),
      kernel: z.string().describe("Which kernel answers its system calls."),
      startMs: z.int().describe("A cold start, roughly."),
      volume: z.enum(["high", "medium", "low"]).describe("How many calls it is good for."),
      untrustedCode: z.boolean().describe("Whether code that nobody has read may run there."),
    })
    .describe("Of its tier: what policy reads as `context.sandbox`."),
});

export const sandboxSchemas = {
  Sandboxes: z.object({ sandboxes: z.array(sandbox) }),
} as const;
