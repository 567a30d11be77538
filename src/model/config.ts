import { z } from "zod";
import {
  countField,
  durationField,
  hostSchema,
  isLoopback,
  listenField,
  originSchema,
  sizeField,
} from "./config-field.ts";
import { issuersField, publicUrlField } from "./config-issuers.ts";
import { agentsField, refuseStrangeAgents } from "./config-agents.ts";
import { approvalsField } from "./config-approvals.ts";
import { budgetsField } from "./config-budgets.ts";
import { approversField, callersField, listenerTlsField } from "./config-callers.ts";
import { ledgerField } from "./config-ledger.ts";
import { memoryField } from "./config-memory.ts";
import { modelsField } from "./config-models.ts";
import { policyField } from "./config-policy.ts";
import { serversField, toolsetsField } from "./config-servers.ts";
import { telemetryField } from "./config-telemetry.ts";
import { webhooksField } from "./config-webhooks.ts";
import { isOwnServer, type WithOwnServers, refuseStrangeMemory } from "./own-servers.ts";
import { secretReferenceSchema } from "./secret-reference.ts";

const limitsSchema = z
  .strictObject({
    bodySize: sizeField({ min: "1KiB", max: "64MiB" })
      .prefault("4MiB")
      .describe("Largest request body. A larger one is answered with 413."),
    headerSize: sizeField({ min: "4KiB", max: "256KiB" })
      .prefault("16KiB")
      .describe("Largest header block of a request. A larger one is answered with 431."),
    concurrentRequests: countField({ min: 1, max: 65_536 })
      .prefault(256)
      .describe("Requests worked on at once. The next ones wait in the queue."),
    queuedRequests: countField({ min: 0, max: 65_536 })
      .prefault(256)
      .describe("Requests that may wait. One more is answered with 503 and a Retry-After."),
    openStreams: countField({ min: 1, max: 65_536 })
      .prefault(4_096)
      .describe(
        "Requests and streams of `/mcp` and `/a2a`, completions, and streams of runs, open at once, half of them at most of one subject. One more is answered with 503.",
      ),
    requestDeadline: durationField({ min: "1s", max: "10m" })
      .prefault("60s")
      .describe("How long a request may take, waiting included, before it is answered with 504."),
    drainTime: durationField({ min: "0s", max: "10m" })
      .prefault("20s")
      .describe(
        "How long requests in flight may go on after SIGTERM, or under the old revision after a change. " +
          "Keep it below the time the platform waits before it kills (30s on Kubernetes).",
      ),
  })
  .describe("Bounds of the server. Each has a defined answer when it is reached.");

const gateSchema = z
  .strictObject({
    concurrency: countField({ min: 1, max: 65_536 })
      .prefault(64)
      .describe("Calls of one caller under way at once. The next ones wait."),
    queue: countField({ min: 0, max: 65_536 })
      .prefault(256)
      .describe("Calls of one caller that may wait. One more is refused with a Retry-After."),
    tenantConcurrency: countField({ min: 1, max: 65_536 })
      .prefault(256)
      .describe("Calls of all callers of one tenant under way at once. The next ones wait."),
    rate: countField({ min: 1, max: 10_000_000 })
      .optional()
      .describe("Calls of one caller a minute, bursts of a tenth of it. Absent: no limit."),
    record: z
      .enum(["async", "sync"], "takes async or sync")
      .prefault("async")
      .describe("`sync`: a read, too, is answered only once its entry is durable."),
    parked: countField({ min: 0, max: 100_000 })
      .prefault(1_000)
      .describe("Calls that may wait at once for an answer of their client."),
    parkTime: durationField({ min: "1s", max: "1h" })
      .prefault("10m")
      .describe("How long a call waits for an answer of its client before it is cancelled."),
    resultSize: sizeField({ min: "64KiB", max: "256MiB" })
      .prefault("32MiB")
      .describe("Largest answer of a server. A larger one ends the call with a fault."),
    argumentProblems: countField({ min: 1, max: 100 })
      .prefault(10)
      .describe("How many problems of wrong arguments are named at once."),
  })
  .describe("Bounds of the gate. Each has a defined answer when it is reached.");

const embeddedStoreSchema = z
  .strictObject({
    kind: z.literal("embedded"),
    directory: z
      .string("takes a directory")
      .min(1, "takes a directory")
      .max(1024, "takes a directory of at most 1024 characters")
      .prefault(".countersign")
      .describe("Data directory, relative to countersign.yaml."),
    poolSize: countField({ min: 2, max: 200 }).prefault(10).describe("Connections to Postgres."),
  })
  .describe("A real Postgres that Countersign starts and stops itself.");

const postgresStoreSchema = z
  .strictObject({
    kind: z.literal("postgres"),
    url: secretReferenceSchema.describe("Reference to the connection URL (`postgres://…`)."),
    poolSize: countField({ min: 2, max: 200 }).prefault(10).describe("Connections to Postgres."),
  })
  .describe("A Postgres of your own.");

/** Whether the document is a mapping and nothing was wrong at or below these keys. */
function areSound(issues: readonly z.core.$ZodRawIssue[], keys: readonly string[]): boolean {
  return issues.every(({ code, path = [] }) =>
    path.length === 0 ? code === "unrecognized_keys" : !keys.includes(String(path[0])),
  );
}

/** A toolset of a server that is not there would be a gap that nobody asked about. */
function refuseUnknownServers(
  document: WithOwnServers & { toolsets: Record<string, { servers: string[] }> },
  context: z.core.$RefinementCtx,
): void {
  const { servers, toolsets } = document;
  for (const [name, toolset] of Object.entries(toolsets)) {
    for (const [index, server] of toolset.servers.entries()) {
      if (Object.hasOwn(servers, server) || isOwnServer(document, server)) continue;
      context.addIssue({
        code: "custom",
        path: ["toolsets", name, "servers", index],
        message: "names no server of this document",
      });
    }
  }
}

export const configSchema = z
  .strictObject({
    version: z
      .literal(1, "takes 1, the only version of this format")
      .describe("Version of this format."),
    listen: listenField
      .prefault("127.0.0.1:7070")
      .describe(
        "Address and port. Anything but loopback requires `auth.adminKey`. Port 0 takes any free one.",
      ),
    allowedHosts: z
      .array(hostSchema, "takes a list of host names")
      .max(64, "takes at most 64 host names")
      .prefault([])
      .describe("Host headers accepted besides loopback names; others are answered with 403."),
    allowedOrigins: z
      .array(originSchema, "takes a list of origins")
      .max(64, "takes at most 64 origins")
      .prefault([])
      .describe("Origins of browsers accepted besides our own; others are answered with 403."),
    publicUrl: publicUrlField,
    auth: z
      .strictObject({
        adminKey: secretReferenceSchema
          .optional()
          .describe(
            "Reference to the admin API key. Absent: one is made on first start for this user.",
          ),
        sealingKeys: z
          .array(secretReferenceSchema, "takes a list of references")
          .max(8, "takes at most 8 keys")
          .prefault([])
          .describe(
            "Keys for state that clients carry, the newest first; all replicas share them. " +
              "Absent: one is made on first start for this user.",
          ),
        vaultKeys: z
          .array(secretReferenceSchema, "takes a list of references")
          .max(8, "takes at most 8 keys")
          .prefault([])
          .describe(
            "Keys that stored secrets are wrapped with, the newest first; all replicas share them. " +
              "Absent: one is made on first start for this user.",
          ),
        agentKeys: z
          .array(secretReferenceSchema, "takes a list of references")
          .max(8, "takes at most 8 keys")
          .prefault([])
          .describe(
            "Keys that agents' tokens are signed with, the newest first; all replicas share them. " +
              "Absent: one is made on first start for this user.",
          ),
        issuers: issuersField,
        callers: callersField,
        approvers: approversField,
      })
      .prefault({})
      .describe("Who may call. Every request but the health checks needs a key or a token."),
    tls: listenerTlsField,
    limits: limitsSchema.prefault({}),
    servers: serversField,
    toolsets: toolsetsField,
    policy: policyField,
    budgets: budgetsField,
    models: modelsField,
    agents: agentsField,
    memory: memoryField,
    webhooks: webhooksField,
    telemetry: telemetryField,
    approvals: approvalsField,
    gate: gateSchema.prefault({}),
    ledger: ledgerField,
    store: z
      .discriminatedUnion(
        "kind",
        [embeddedStoreSchema, postgresStoreSchema],
        "takes kind: embedded or kind: postgres",
      )
      .prefault({ kind: "embedded" })
      .describe("Where everything durable is kept."),
    worker: z
      .strictObject({
        slots: countField({ min: 1, max: 10_000 })
          .prefault(64)
          .describe("Runs advanced at once by this process."),
        slotsPerTenant: countField({ min: 1, max: 10_000 })
          .optional()
          .describe(
            "Of these, how many one tenant may hold, at most `slots`. Absent: all of them.",
          ),
      })
      .prefault({})
      .describe("The part that advances durable runs."),
    runs: z
      .strictObject({
        keep: durationField({ min: "1h", max: "3650d" })
          .prefault("30d")
          .describe(
            "How long a run is kept after its end, with all that it said, and the workspace of a caller after its last change. Receipts stay.",
          ),
      })
      .prefault({})
      .describe("Durable runs of agents."),
    log: z
      .strictObject({
        level: z
          .enum(["debug", "info", "warn", "error"], "takes debug, info, warn or error")
          .prefault("info")
          .describe("Least severe level written to stderr."),
      })
      .prefault({})
      .describe("Log lines: one JSON object a line."),
  })
  // `when`: relations are checked even where other keys are wrong, so that one pass names all.
  .refine(({ listen, auth }) => isLoopback(listen) || auth.adminKey !== undefined, {
    path: ["listen"],
    message: "is reachable from other machines, which requires auth.adminKey to be configured",
    params: { suggestion: "127.0.0.1:7070" },
    when: ({ issues }) => areSound(issues, ["listen", "auth"]),
  })
  .refine(({ worker }) => (worker.slotsPerTenant ?? 1) <= worker.slots, {
    path: ["worker", "slotsPerTenant"],
    message: "is more than worker.slots",
    when: ({ issues }) => areSound(issues, ["worker"]),
  })
  .superRefine(refuseUnknownServers)
  .superRefine(refuseStrangeAgents)
  .superRefine(refuseStrangeMemory)
  .describe("Countersign's configuration: one document, read whole.");

/** What the program reads: durations in milliseconds, sizes in bytes, defaults filled in. */
export type Config = z.output<typeof configSchema>;

/**
 * Keys bound to something that exists once a process (the socket, the store's pool): a running
 * process refuses a revision that changes them and says so; the next start takes it.
 */
export const restartKeys = [
  "listen",
  "limits.headerSize",
  "store",
  "auth.vaultKeys",
  "ledger",
  "tls",
] as const;
