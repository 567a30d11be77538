import { buildCommand, buildRouteMap } from "@stricli/core";
import { lazy } from "./command.ts";
import { clientPrograms } from "./client-configs.ts";
import type { CallFlags } from "./commands/call-tool.ts";
import type { AddFlags } from "./commands/add-server.ts";
import type { ImportFlags } from "./commands/import-servers.ts";
import type { NewFlags } from "./commands/new-server.ts";
import type { CliContext } from "./context.ts";
import { json, optionalText, url } from "./flags.ts";

interface Flags {
  readonly json: boolean;
  readonly url?: string;
}

const name = (brief: string, placeholder: string) =>
  ({ kind: "tuple", parameters: [{ brief, placeholder, parse: String }] }) as const;

const list = buildCommand<Flags, [], CliContext>({
  loader: lazy(async () => (await import("./commands/servers.ts")).listServers),
  parameters: { flags: { json, url } },
  docs: { brief: "Registered servers and how they are" },
});

const inspect = buildCommand<Flags, [string], CliContext>({
  loader: lazy(async () => (await import("./commands/servers.ts")).inspectServer),
  parameters: { flags: { json, url }, positional: name("Name of the server", "server") },
  docs: { brief: "List a server again now, and say what it has" },
});

const noSandbox = {
  kind: "boolean",
  brief: "Let programs run with the powers of this user (sandbox: none)",
  default: false,
  withNegated: false,
} as const;

const several = (brief: string, placeholder: string) =>
  ({
    kind: "parsed",
    parse: String,
    brief: `${brief}; several times for several`,
    placeholder,
    variadic: true,
    optional: true,
  }) as const;

const add = buildCommand<AddFlags, [string, ...string[]], CliContext>({
  loader: lazy<AddFlags, [string, ...string[]]>(
    async () => (await import("./commands/add-server.ts")).addServer,
  ),
  parameters: {
    flags: {
      json,
      url,
      file: optionalText("The configuration (countersign.yaml)", "path"),
      to: optionalText("URL of the server, for one that is reached over HTTP", "url"),
      transport: optionalText("http or sse; http when absent", "transport"),
      private: {
        kind: "boolean",
        brief: "The server may be at a private or loopback address",
        default: false,
        withNegated: false,
      },
      noSandbox,
      workbench: {
        kind: "boolean",
        brief: "Tools of our own: programs in sandboxes, and files that they share",
        default: false,
        withNegated: false,
      },
      tier: optionalText("Where the programs of a workbench run: T3 (the default) or T2", "tier"),
      mount: several("A path that the program may read, and with :rw behind it change", "path"),
      egress: several("A host and port that the program may connect to", "host:port"),
      reads: several("This tool only reads, where others count as effects", "tool"),
    },
    positional: {
      kind: "array",
      minimum: 1,
      parameter: {
        brief: "Name of the server, then for a program: the program and its arguments",
        placeholder: "name [program]",
        parse: String,
      },
    },
  },
  docs: {
    brief: "Register a server in countersign.yaml and apply it",
    fullDescription:
      "countersign servers add files --mount . --egress registry.npmjs.org:443 -- npx -y @modelcontextprotocol/server-filesystem .\n" +
      "countersign servers add search --to https://mcp.example.com/mcp",
  },
});

const importing = buildCommand<ImportFlags, [string], CliContext>({
  loader: lazy<ImportFlags, [string]>(
    async () => (await import("./commands/import-servers.ts")).importServers,
  ),
  parameters: {
    flags: {
      json,
      url,
      file: optionalText("The configuration (countersign.yaml)", "path"),
      noSandbox,
      dryRun: {
        kind: "boolean",
        brief: "Show what would be written, and write nothing",
        default: false,
        withNegated: false,
      },
    },
    positional: name("A file with mcpServers, a server.json, or a client's name", "source"),
  },
  docs: {
    brief: "Register the servers of another program, its secrets lifted into references",
    fullDescription: `Reads a file, or that of ${Object.keys(clientPrograms).join(", ")}.`,
  },
});

const scaffolding = buildCommand<NewFlags, [string], CliContext>({
  loader: lazy<NewFlags, [string]>(
    async () => (await import("./commands/new-server.ts")).newServer,
  ),
  parameters: {
    flags: { json, directory: optionalText("Where to write it (its name)", "path") },
    positional: name("Name of the server", "name"),
  },
  docs: { brief: "Write a server to start from, with its tests" },
});

export const servers = buildRouteMap({
  routes: { ls: list, inspect, add, import: importing, new: scaffolding },
  docs: { brief: "The MCP servers behind the gate" },
});

const tools = {
  ls: buildCommand<Flags & { readonly server?: string }, [], CliContext>({
    loader: lazy(async () => (await import("./commands/tools.ts")).listTools),
    parameters: { flags: { json, url, server: optionalText("Of this server alone", "server") } },
    docs: { brief: "Tools as they are offered" },
  }),
  call: buildCommand<CallFlags, [string, string?], CliContext>({
    loader: lazy<CallFlags, [string, string?]>(
      async () => (await import("./commands/call-tool.ts")).callTool,
    ),
    parameters: {
      flags: {
        json,
        url,
        toolset: optionalText("Through this toolset", "toolset"),
        wait: {
          ...optionalText(
            "Wait so long for a person to decide; as the last word without a number an hour",
            "seconds",
          ),
          inferEmpty: true,
        },
        key: optionalText("Your name for this call: with the same one it is made once", "key"),
      },
      positional: {
        kind: "tuple",
        parameters: [
          { brief: "Name of the tool", placeholder: "tool", parse: String },
          {
            brief: "Its arguments, as JSON",
            placeholder: "arguments",
            parse: String,
            optional: true,
          },
        ],
      },
    },
    docs: {
      brief: "Call a tool through the gate",
      fullDescription:
        "Ends with 6 when a person has to agree first, and prints how. The same call again finds that approval.",
    },
  }),
  drift: buildCommand<Flags, [], CliContext>({
    loader: lazy(async () => (await import("./commands/tools.ts")).showDrift),
    parameters: { flags: { json, url } },
    docs: { brief: "Where servers define something else than what was accepted" },
  }),
  accept: buildCommand<Flags & { readonly digest?: string }, [string, string], CliContext>({
    loader: lazy<Flags & { readonly digest?: string }, [string, string]>(
      async () => (await import("./commands/tools.ts")).acceptDrift,
    ),
    parameters: {
      flags: { json, url, digest: optionalText("Only if this is what is observed", "digest") },
      positional: {
        kind: "tuple",
        parameters: [
          { brief: "Name of the server", placeholder: "server", parse: String },
          { brief: "The server's own name of the tool", placeholder: "tool", parse: String },
        ],
      },
    },
    docs: { brief: "Accept what a tool is now" },
  }),
  preflight: buildCommand<Flags, [], CliContext>({
    loader: lazy(async () => (await import("./commands/tools.ts")).preflight),
    parameters: { flags: { json, url } },
    docs: { brief: "Fail with 11 when a definition that somebody relies on has changed" },
  }),
  lint: buildCommand<Flags, [], CliContext>({
    loader: lazy(async () => (await import("./commands/tools.ts")).lint),
    parameters: { flags: { json, url } },
    docs: { brief: "What makes tools hard to use for a model" },
  }),
};

export const toolCommands = buildRouteMap({
  routes: tools,
  docs: { brief: "The tools behind the gate" },
});
