import { createHash } from "node:crypto";
import { z } from "zod";
import { passkeyProofSchema } from "./approval-fields.ts";
import { toCanonicalBytes } from "./canonical.ts";
import { digestSchema, type Digest } from "./digest.ts";
import { approvalIdSchema, entryIdSchema, runIdSchema, tenantIdSchema } from "./id.ts";
import { jsonSchema } from "./json-value.ts";
import { fromRecordBytes } from "./record.ts";

const atMs = z.int().nonnegative();
const nameSchema = z.string().min(1).max(256);
const leaf = {
  v: z.literal(1),
  id: entryIdSchema,
  tenant: tenantIdSchema,
  atMs,
};
const ofRun = {
  run: runIdSchema.nullable(),
  /**
   * The leaf hash of an entry before this one: of the run's last effect, as its worker knew it. Null for the
   * first, outside of runs, and of what somebody else found out about a call of the run.
   */
  previous: digestSchema.nullable(),
};
const ofTarget = {
  server: nameSchema,
  /** The server's own name of the tool; null for prompts and resources. */
  tool: z.string().min(1).max(8_192).nullable(),
};

const intentEntrySchema = z.strictObject({
  kind: z.literal("intent"),
  ...leaf,
  ...ofRun,
  ...ofTarget,
  intent: digestSchema,
  decision: z
    .strictObject({
      kind: z.enum(["allow", "ask"]),
      policy: digestSchema,
      rules: z.array(nameSchema).max(100).readonly(),
    })
    .readonly(),
  approval: approvalIdSchema.nullable(),
  credential: nameSchema.nullable(),
});

const outcomeEntrySchema = z.strictObject({
  kind: z.literal("outcome"),
  ...leaf,
  ...ofRun,
  ...ofTarget,
  /** The entry of the intent that ended; null for a call that was never sent. */
  of: entryIdSchema.nullable(),
  intent: digestSchema,
  outcome: z.enum(["answered", "tool_error", "denied", "expired", "fault", "unknown"]),
  /** The fault's code or the denying rule; null where there is nothing to name. */
  reason: nameSchema.nullable(),
  /** What had members taken out of the result: ids of rules, and `secret:` with a name. */
  redacted: z.array(nameSchema).min(1).max(100).readonly().optional(),
  /** Of what was handed over. */
  result: z
    .strictObject({ commitment: digestSchema, bytes: z.int().nonnegative() })
    .readonly()
    .nullable(),
  endpoint: nameSchema.nullable(),
  /** Id of the credential that went along, with its version; never a value. */
  credential: nameSchema.nullable(),
  sandbox: z
    .strictObject({
      /** `none`: the program has the powers of the user that runs Countersign. */
      tier: nameSchema,
      driver: nameSchema.nullable().optional(),
      /** Of what the driver's canary showed. */
      evidence: digestSchema.nullable().optional(),
      /** Of the limits, with what enforces each. */
      limits: digestSchema.nullable(),
      downgraded: z.boolean(),
      /** What the program has tried to reach since it was started, with a digest of all of it. */
      egress: z
        .strictObject({
          attempts: z.int().nonnegative(),
          refused: z.int().nonnegative(),
          digest: digestSchema,
        })
        .readonly()
        .nullable()
        .optional(),
      /** Of a program that was run for this very call; null: it did not end by itself. */
      exit: z.int().min(0).max(255).nullable().optional(),
      usage: z
        .strictObject({
          memoryPeakBytes: z.int().nonnegative().nullable(),
          cpuUs: z.int().nonnegative().nullable(),
        })
        .readonly()
        .optional(),
    })
    .readonly()
    .nullable(),
  /** Microseconds from admission to dispatch, and from dispatch to the last byte. */
  timings: z
    .strictObject({ queuedUs: z.int().nonnegative(), upstreamUs: z.int().nonnegative() })
    .readonly(),
  cost: z
    .strictObject({ micros: z.int().nonnegative(), prices: digestSchema })
    .readonly()
    .nullable(),
  /** What the tool said its own cost was: its claim, not ours. */
  declaredCost: jsonSchema.nullable(),
  trace: z.string().max(64).nullable(),
});

const resolutionEntrySchema = z.strictObject({
  kind: z.literal("resolution"),
  ...leaf,
  ...ofRun,
  of: entryIdSchema,
  outcome: z.enum(["done", "not_done", "retry"]),
  by: nameSchema,
  evidence: z.string().max(4_096),
});

const gapEntrySchema = z.strictObject({
  kind: z.literal("gap"),
  ...leaf,
  replica: nameSchema,
  /** Reads answered in this time by that replica may have no entry; no effect is among them. */
  fromMs: atMs,
  toMs: atMs,
});

const tokens = z.int().nonnegative().nullable();

/** An answer of a model that somebody asked for outside of runs. */
const completionEntrySchema = z.strictObject({
  kind: z.literal("completion"),
  ...leaf,
  /** The alias, and the backend that answered; null where none had begun to. */
  model: nameSchema,
  backend: nameSchema.nullable(),
  /**
   * Hashes under the tenant's key, each with the entry's id: of who asked, of what was asked, and of the answer
   * where it was whole.
   */
  by: digestSchema,
  agent: nameSchema.nullable(),
  request: digestSchema,
  answer: digestSchema.nullable(),
  /** Names of known secrets, as `secret:` and the name, that were taken out of the answer. */
  redacted: z.array(nameSchema).min(1).max(100).readonly().optional(),
  /** `cut`: whoever asked was gone, or was stopped, before the answer was whole. */
  outcome: z.enum(["answered", "failed", "cut"]),
  /** The fault's code; null for an answer. */
  reason: nameSchema.nullable(),
  /** As the backend counted; null: it did not. */
  usage: z
    .strictObject({
      input: tokens,
      cached: tokens,
      written: tokens,
      output: tokens,
      reasoning: tokens,
    })
    .readonly(),
  /** Null where usage or price are not known, which is never taken for nothing. */
  cost: z
    .strictObject({ micros: z.int().nonnegative(), prices: digestSchema })
    .readonly()
    .nullable(),
  tookMs: z.int().nonnegative(),
  trace: z.string().max(64).nullable(),
});

const approvalVerdictEntrySchema = z
  .strictObject({
    kind: z.literal("verdict"),
    ...leaf,
    on: z.literal("approval"),
    approval: approvalIdSchema,
    intent: digestSchema,
    word: z.enum(["approved", "denied"]),
    /** Commitment to the approver, the credential and the reason: they can be erased. */
    by: digestSchema,
    passkey: passkeyProofSchema.nullable(),
  })
  .refine(({ word, passkey }) => word === "approved" || passkey === null, {
    path: ["passkey"],
    error: "a passkey signs no denial",
  });

const rolloutVerdictEntrySchema = z.strictObject({
  kind: z.literal("verdict"),
  ...leaf,
  on: z.literal("rollout"),
  rollout: nameSchema,
  phase: z.enum(["shadow", "canary", "full"]),
  verdict: z.enum(["promote", "hold", "roll_back"]),
  trigger: nameSchema.nullable(),
  evidence: digestSchema,
});

/** One leaf of the ledger. */
export const entrySchema = z
  .discriminatedUnion("kind", [
    intentEntrySchema,
    outcomeEntrySchema,
    resolutionEntrySchema,
    gapEntrySchema,
    completionEntrySchema,
    z.discriminatedUnion("on", [approvalVerdictEntrySchema, rolloutVerdictEntrySchema]),
  ])
  .readonly();
export type Entry = z.infer<typeof entrySchema>;

/** The bytes that are stored, hashed and proven. Entries are appended, never written again. */
export function toEntryBytes(entry: Entry): Uint8Array {
  return toCanonicalBytes(entry);
}

/** Reads stored bytes; anything but the canonical bytes of an entry is refused. */
export function fromEntryBytes(bytes: Uint8Array): Entry {
  return fromRecordBytes(entrySchema, bytes, "a ledger entry");
}

/** RFC 9162: a leaf is hashed behind a zero byte, so that it is never taken for an inner node. */
export function toLeafHash(bytes: Uint8Array): Digest {
  const hash = createHash("sha256").update(leafPrefix).update(bytes).digest("hex");
  return `sha256:${hash}` as Digest;
}

const leafPrefix = Uint8Array.of(0);
