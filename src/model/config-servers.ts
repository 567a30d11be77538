import { z } from "zod";
import type { AgentToolDefinition } from "./agent-tool.ts";
import { credentialField, isBoundWhole, refuseSharedDocuments } from "./config-credential.ts";
import {
  countField,
  durationField,
  privateField,
  shortNameField,
  toolPatternField,
  urlField,
} from "./config-field.ts";
import { moneyField } from "./config-budgets.ts";
import { refuseUnbound, sandboxFields } from "./config-sandbox.ts";
import { tenantIdSchema } from "./id.ts";
import { labelSchema } from "./label.ts";
import { parametersField } from "./parameter-types.ts";
import { secretReferenceSchema } from "./secret-reference.ts";

const nameField = shortNameField("github or file-search");

const labelsField = z
  .array(labelSchema, "takes a list of labels")
  .max(3)
  .refine(
    (labels) => !(labels.includes("trusted") && labels.includes("untrusted")),
    "says trusted and untrusted at once",
  );

const toolSchema = z
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
  })
  .describe("What is known of a tool beyond its definition.");
export type ToolConfig = z.output<typeof toolSchema>;

const common = {
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
    .record(z.string().min(1).max(128), toolSchema)
    .prefault({})
    .describe("By the server's own name of the tool."),
};

const headersField = z
  .record(
    z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/, "takes a header name"),
    z.strictObject({
      secret: secretReferenceSchema,
      prefix: z
        .string()
        .max(64)
        .regex(/^[\t -~]*$/, "takes printable ASCII")
        .prefault("")
        .describe("Put before the secret: `Bearer `."),
    }),
  )
  .prefault({})
  .describe("Headers sent to this server alone, their values from references.");

const tlsField = z
  .strictObject({
    certificate: secretReferenceSchema.optional().describe("Client certificate (PEM)."),
    key: secretReferenceSchema.optional().describe("Its private key (PEM)."),
    authority: secretReferenceSchema
      .optional()
      .describe(
        "Authority that the server's certificate must come from (PEM), instead of the system's.",
      ),
    serverName: z
      .string()
      .max(253)
      .optional()
      .describe("Name that the certificate must be for, if it is not the URL's host."),
  })
  .refine((tls) => (tls.certificate === undefined) === (tls.key === undefined), {
    path: ["key"],
    message: "goes with certificate: both or neither",
  })
  .optional()
  .describe("TLS to this server. Present: plaintext is refused.");

const remote = {
  url: urlField.describe("Where it answers."),
  endpoints: z
    .array(urlField, "takes a list of URLs")
    .max(64)
    .prefault([])
    .describe("Further running copies of the same server."),
  private: privateField,
  headers: headersField,
  credential: credentialField,
  tls: tlsField,
};

const unbound = {
  path: ["credential", "hosts"],
  message: "leaves out an address of this server: its calls would have no credential",
};

export const serverSchema = z.discriminatedUnion(
  "transport",
  [
    z
      .strictObject({ transport: z.literal("http"), ...remote, ...common })
      .refine(isBoundWhole, unbound)
      .describe("A server over streamable HTTP."),
    z
      .strictObject({ transport: z.literal("sse"), ...remote, ...common })
      .refine(isBoundWhole, unbound)
      .describe("A server over HTTP+SSE, the transport before 2025-03-26."),
    z
      .strictObject({
        transport: z.literal("stdio"),
        command: z
          .array(z.string().min(1).max(4_096), "takes a list: the program, then its arguments")
          .min(1, "takes a list: the program, then its arguments")
          .max(256)
          .describe("Program and arguments. No shell reads them."),
        environment: z
          .record(
            z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, "takes a variable name"),
            z.union([secretReferenceSchema, z.strictObject({ value: z.string().max(32_768) })]),
          )
          .prefault({})
          .describe(
            "Its environment, and nothing of ours but PATH, HOME and the locale: references, or `value:` for what is no secret.",
          ),
        directory: z
          .string()
          .min(1)
          .max(1_024)
          .optional()
          .describe("Working directory, relative to countersign.yaml."),
        ...sandboxFields,
        children: countField({ min: 1, max: 64 })
          .prefault(1)
          .describe("Processes to spread the calls over."),
        ...common,
      })
      .superRefine(refuseUnbound)
      .describe("A program on this machine that speaks over its standard streams."),
  ],
  "takes transport: http, sse or stdio",
);
/** One of a document. */
type WrittenServerConfig = z.output<typeof serverSchema>;
export type HttpServerConfig = Extract<WrittenServerConfig, { transport: "http" | "sse" }>;
export type StdioServerConfig = Extract<WrittenServerConfig, { transport: "stdio" }>;

/** A server within this process, which no document writes: what it offers is known beforehand. */
export interface InternalServerConfig extends z.output<z.ZodObject<typeof common>> {
  readonly transport: "internal";
  readonly definitions: readonly AgentToolDefinition[];
}
export type ServerConfig = WrittenServerConfig | InternalServerConfig;

/** Whether it is reached over a network. */
export function isRemote(config: ServerConfig): config is HttpServerConfig {
  return config.transport === "http" || config.transport === "sse";
}

export const serversField = z
  .record(nameField, serverSchema)
  .refine((servers) => Object.keys(servers).length <= 500, "takes at most 500 servers")
  .superRefine(refuseSharedDocuments)
  .prefault({})
  .describe("Upstream MCP servers, by name.");

const toolsetSchema = z
  .strictObject({
    servers: z.array(nameField).min(1).max(500).describe("Whose tools, prompts and resources."),
    tools: z
      .array(toolPatternField)
      .max(1_000)
      .optional()
      .describe("Exposed names, `*` for any characters. Absent: all of the servers' tools."),
    names: z
      .enum(["prefixed", "plain"], "takes prefixed or plain")
      .prefault("prefixed")
      .describe("`plain`: the server's own names, for a toolset of one server."),
    search: z
      .enum(["auto", "always", "never"], "takes auto, always or never")
      .prefault("auto")
      .describe(
        "Whether find_tools, describe_tool and call_tool stand in for the list; `auto`: from 100 tools on.",
      ),
    reveal: z
      .enum(["explain", "hide"], "takes explain or hide")
      .prefault("explain")
      .describe("Whether a denial names its rule and reason to the caller. It is recorded always."),
    batch: z
      .boolean("takes true or false")
      .prefault(false)
      .describe(
        "Whether call_tools is offered: several calls in one request. With search it always is.",
      ),
  })
  .refine(({ names, servers }) => names === "prefixed" || servers.length === 1, {
    path: ["names"],
    message: "is plain, which goes with one server",
  })
  .describe("A selection of tools with its own endpoint, `/mcp/<name>`.");
export type ToolsetConfig = z.output<typeof toolsetSchema>;

export const toolsetsField = z
  .record(nameField, toolsetSchema)
  .prefault({})
  .describe("Toolsets by name. `/mcp` itself offers every server.");
