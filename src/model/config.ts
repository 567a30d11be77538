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
    auth: z
      .strictObject({
        adminKey: secretReferenceSchema
          .optional()
          .describe(
            "Reference to the admin API key. Absent: one is made on first start for this user.",
          ),
      })
      .prefault({})
      .describe("Who may call. Every request but the health checks needs a key."),
    limits: limitsSchema.prefault({}),
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
  .describe("Countersign's configuration: one document, read whole.");

/** What the program reads: durations in milliseconds, sizes in bytes, defaults filled in. */
export type Config = z.output<typeof configSchema>;

/**
 * Keys bound to something that exists once a process (the socket, the store's pool): a running
 * process refuses a revision that changes them and says so; the next start takes it.
 */
export const restartKeys = ["listen", "limits.headerSize", "store"] as const;
