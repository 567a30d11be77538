import { z } from "zod";
import type { AgentToolDefinition } from "./agent-tool.ts";
import { credentialField, isBoundWhole, refuseSharedDocuments } from "./config-credential.ts";
import { refuseUnreadFacts } from "./config-facts.ts";
import {
  countField,
  privateField,
  shortNameField,
  toolPatternField,
  urlField,
} from "./config-field.ts";
import { refuseUnbound, sandboxFields } from "./config-sandbox.ts";
import { common, type ToolConfig } from "./config-tool.ts";
import { workbenchSchema } from "./config-workbench.ts";
import { secretReferenceSchema } from "./secret-reference.ts";
import { workbenchTools, type WorkbenchTool } from "./workbench-tools.ts";

export type { ToolConfig };

const nameField = shortNameField("github or file-search");

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

const indexesField = z
  .array(shortNameField("documents"), "takes a list of names")
  .min(1)
  .max(8)
  .optional()
  .describe(
    "Indexes whose age its answers report in `_meta`, for the metrics. Absent: none is listened for.",
  );

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
  indexes: indexesField,
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
        indexes: indexesField,
        ...common,
      })
      .superRefine(refuseUnbound)
      .describe("A program on this machine that speaks over its standard streams."),
    workbenchSchema,
  ],
  "takes transport: http, sse, stdio or workbench",
);
/** One of a document. */
export type WrittenServerConfig = z.output<typeof serverSchema>;
export type HttpServerConfig = Extract<WrittenServerConfig, { transport: "http" | "sse" }>;
export type StdioServerConfig = Extract<WrittenServerConfig, { transport: "stdio" }>;

/** A server within this process, which no document writes: what it offers is known beforehand. */
export interface InternalServerConfig extends Omit<z.output<z.ZodObject<typeof common>>, "tools"> {
  readonly transport: "internal";
  readonly tools: Readonly<Record<string, ToolConfig>>;
  readonly definitions: readonly OwnDefinition[];
  /** Whether whoever calls it may wait for a run, which needs places of its own to go on. */
  readonly startsRuns: boolean;
}

/** A workbench, whose tools are asked for by name as those of any other. */
export interface WorkbenchServerConfig extends Omit<
  Extract<WrittenServerConfig, { transport: "workbench" }>,
  "tools"
> {
  readonly tools: Readonly<Record<string, ToolConfig>>;
}
export type ServerConfig =
  | HttpServerConfig
  | StdioServerConfig
  | WorkbenchServerConfig
  | InternalServerConfig;

/** Of a server of our own: what it offers is what it is, so that nothing of it has to be accepted. */
export function toOwnDefinitions(config: ServerConfig): readonly OwnDefinition[] | null {
  if (config.transport === "workbench") return workbenchTools;
  return config.transport === "internal" ? config.definitions : null;
}
type OwnDefinition = WorkbenchTool | AgentToolDefinition;

/** Those whose age it reports. */
export function toIndexes(config: ServerConfig): readonly string[] {
  const isOther = config.transport === "internal" || config.transport === "workbench";
  return isOther ? [] : [...new Set(config.indexes)];
}

/** Whether it is reached over a network. */
export function isRemote(config: ServerConfig): config is HttpServerConfig {
  return config.transport === "http" || config.transport === "sse";
}

export const serversField = z
  .record(nameField, serverSchema)
  .refine((servers) => Object.keys(servers).length <= 500, "takes at most 500 servers")
  .superRefine(refuseSharedDocuments)
  .superRefine(refuseUnreadFacts)
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
