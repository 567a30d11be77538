import { z } from "zod";
import { agentContextSchema } from "./agent-context.ts";
import { capsSchema } from "./budget.ts";
import { toCanonicalBytes } from "./canonical.ts";
import { digestSchema, toDigest, type Digest } from "./digest.ts";
import { bundledFactFields } from "./bundled-facts.ts";
import { jsonObjectSchema } from "./json-value.ts";
import { fromRecordBytes } from "./record.ts";
import { bundledSkillSchema, skillLimits } from "./skill.ts";

const nameSchema = z.string().min(1).max(256);
const textSchema = z.string().max(262_144);

const bundledToolSchema = z
  .strictObject({
    /** `server__tool`. */
    exposed: nameSchema,
    server: nameSchema,
    tool: nameSchema,
    /** Of the accepted definition. */
    pin: digestSchema,
    effect: z.enum(["read", "write", "destructive"]),
    /** What its answers say of things, what it rests on and what it changes; absent: nothing is declared. */
    ...bundledFactFields,
  })
  .readonly();

const bundledServerSchema = z
  .strictObject({
    name: nameSchema,
    /** What the server calls its own version, as last seen. */
    version: nameSchema.nullable(),
    /** Of what is started or dialled, as far as it can be told: image or package digest, command or URL. */
    source: digestSchema,
    /** A tier; `none`: a program with the powers of the user; `remote` or `internal`: no program of ours. */
    isolation: nameSchema,
    /** What the sandbox lets through; null: there is none. */
    sandbox: z
      .strictObject({
        files: z.array(z.strictObject({ path: z.string(), write: z.boolean() })).readonly(),
        egress: z.array(z.string()).readonly(),
        egressPrivate: z.boolean(),
        limits: z.record(z.string(), z.number()).readonly(),
      })
      .readonly()
      .nullable(),
  })
  .readonly();

/** What takes back an effect: a tool, and where in the result of the first its arguments stand. */
const compensationSchema = z
  .strictObject({
    tool: nameSchema,
    /** Each argument of it: a JSON Pointer into `{args, result}` of what is taken back. */
    args: z.record(nameSchema, z.string().max(1_024)).readonly(),
  })
  .readonly();

/** A whole agent configuration as plain data. Any byte of any part changes its digest. */
export const bundleSchema = z
  .strictObject({
    v: z.literal(1),
    agent: nameSchema,
    description: z.string().max(2_048),
    model: z
      .strictObject({
        alias: nameSchema,
        maxTokens: z.int().positive(),
        temperature: z.number().nullable(),
        stop: z.array(z.string().max(256)).max(16).readonly(),
        /** The backends that answer for the alias, in order, each with the model it is asked for. */
        route: z.array(z.array(jsonObjectSchema).readonly()).readonly(),
      })
      .readonly(),
    instructions: textSchema,
    /** Absent: it was built before bundles said so. */
    context: agentContextSchema.optional(),
    toolset: z.string().max(256),
    /** In the order of their exposed names. */
    tools: z.array(bundledToolSchema).max(1_000).readonly(),
    servers: z.array(bundledServerSchema).max(1_000).readonly(),
    /** In the order of their names, each with every file by its digest; their contents are kept beside. */
    skills: z.array(bundledSkillSchema).max(skillLimits.skills).readonly(),
    /** What the agent's memory is found by, and whose it is; null: it has no tools of a memory. */
    memory: jsonObjectSchema.nullable(),
    policy: z
      .strictObject({
        /** Of what follows. */
        digest: digestSchema,
        /** What holds where no rules are written. */
        rule: z.enum(["deny-all", "allow-all"]),
        /** The rules as text, each by where it stands. */
        rules: z
          .array(z.strictObject({ name: nameSchema, text: textSchema }).readonly())
          .readonly(),
      })
      .readonly(),
    /** Whether it is offered tools to wait, for a time or a signal. */
    waits: z.boolean(),
    compensations: z.record(nameSchema, compensationSchema).readonly(),
    limits: z
      .strictObject({
        caps: capsSchema,
        maxSteps: z.int().positive(),
        deadlineMs: z.int().positive().nullable(),
      })
      .readonly(),
  })
  .readonly();
export type Bundle = z.infer<typeof bundleSchema>;
export type BundledTool = z.infer<typeof bundledToolSchema>;

export function toBundleBytes(bundle: Bundle): Uint8Array {
  return toCanonicalBytes(bundle);
}

export function toBundleDigest(bundle: Bundle): Digest {
  return toDigest(toBundleBytes(bundle));
}

export function fromBundleBytes(bytes: Uint8Array): Bundle {
  return fromRecordBytes(bundleSchema, bytes, "a bundle");
}
