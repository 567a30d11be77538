import { buildCommand, buildRouteMap, type RouteMap } from "@stricli/core";
import { clientPrograms } from "./client-configs.ts";
import { lazy } from "./command.ts";
import type { CliContext } from "./context.ts";
import type { ConnectFlags } from "./commands/connect.ts";
import type { Shell } from "./commands/completion.ts";
import { file, json, optionalText, url } from "./flags.ts";
import { approvals, approve, calls, deny, privacy } from "./tree-approvals.ts";
import { bundle } from "./tree-bundle.ts";
import { credentials } from "./tree-credentials.ts";
import { freeze, freezes, unfreeze } from "./tree-freezes.ts";
import { ledger, receipts } from "./tree-ledger.ts";
import { models } from "./tree-models.ts";
import { passkeys } from "./tree-passkeys.ts";
import { blastRadius, policy } from "./tree-policy.ts";
import { run, runs } from "./tree-runs.ts";
import { sandbox } from "./tree-sandbox.ts";
import { secrets } from "./tree-secrets.ts";
import { skills } from "./tree-skills.ts";
import { servers, toolCommands } from "./tree-tools.ts";

interface ServerFlags {
  readonly json: boolean;
  readonly file?: string;
  readonly url?: string;
}

const init = buildCommand<{ json: boolean; yes: boolean; force: boolean }, [], CliContext>({
  loader: lazy(async () => (await import("./commands/init.ts")).init),
  parameters: {
    flags: {
      json,
      yes: {
        kind: "boolean",
        brief: "Ask nothing, take the defaults",
        default: false,
        withNegated: false,
      },
      force: {
        kind: "boolean",
        brief: "Write over a countersign.yaml that is there",
        default: false,
        withNegated: false,
      },
    },
  },
  docs: { brief: "Write a countersign.yaml to start from" },
});

const up = buildCommand<{ json: boolean; file?: string; listen?: string }, [], CliContext>({
  loader: lazy(async () => (await import("./commands/up.ts")).up),
  parameters: {
    flags: {
      json: { ...json, brief: "Print events as NDJSON on stdout" },
      file,
      listen: optionalText("Address and port instead of the configured one", "host:port"),
    },
  },
  docs: {
    brief: "Run the server in this terminal",
    fullDescription:
      "Runs the server until SIGTERM or Ctrl-C. What is under way then ends within limits.drainTime; " +
      "a second signal exits at once with 130. Without a countersign.yaml the defaults hold.",
  },
});

const plan = buildCommand<ServerFlags, [], CliContext>({
  loader: lazy(async () => (await import("./commands/plan.ts")).plan),
  parameters: { flags: { json, file, url } },
  docs: { brief: "Show what countersign.yaml would change" },
});

const apply = buildCommand<ServerFlags & { readonly base?: string }, [], CliContext>({
  loader: lazy(async () => (await import("./commands/apply.ts")).apply),
  parameters: {
    flags: {
      json,
      file,
      url,
      base: optionalText("Apply only on top of this revision, as plan named it", "digest"),
    },
  },
  docs: { brief: "Make countersign.yaml the revision that is serving" },
});

const doctor = buildCommand<ServerFlags, [], CliContext>({
  loader: lazy(async () => (await import("./commands/doctor.ts")).doctor),
  parameters: { flags: { json, file, url } },
  docs: { brief: "Look at everything Countersign needs, and say what to do about what is missing" },
});

const connect = buildCommand<ConnectFlags, [string], CliContext>({
  loader: lazy<ConnectFlags, [string]>(
    async () => (await import("./commands/connect.ts")).connectClient,
  ),
  parameters: {
    flags: {
      json,
      url,
      toolset: optionalText("This toolset instead of every server", "toolset"),
      print: {
        kind: "boolean",
        brief: "Print what would be written",
        default: false,
        withNegated: false,
      },
      force: {
        kind: "boolean",
        brief: "Replace an entry that is there",
        default: false,
        withNegated: false,
      },
    },
    positional: {
      kind: "tuple",
      parameters: [{ brief: "The client", placeholder: "client", parse: String }],
    },
  },
  docs: {
    brief: "Write the gate into a client's list of servers",
    fullDescription:
      `Clients: ${Object.keys(clientPrograms).join(", ")}. \`connect stdio\` is what they start: ` +
      "it brings a client that speaks over standard streams to the running server.",
  },
});

const completion = buildCommand<{ json: boolean }, [Shell], CliContext>({
  loader: lazy(async () => (await import("./commands/completion.ts")).completion),
  parameters: {
    flags: { json },
    positional: {
      kind: "tuple",
      parameters: [
        {
          brief: "bash, zsh or fish",
          placeholder: "shell",
          parse: parseShell,
          proposeCompletions: () => ["bash", "zsh", "fish"],
        },
      ],
    },
  },
  docs: {
    brief: "Print the completion script of a shell",
    fullDescription:
      "bash: source <(countersign completion bash)\nzsh:  source <(countersign completion zsh)\nfish: countersign completion fish | source",
  },
});

const version = buildCommand<{ json: boolean }, [], CliContext>({
  loader: lazy(async () => (await import("./commands/version.ts")).version),
  parameters: { flags: { json } },
  docs: { brief: "Print the version" },
});

export function createTree(): RouteMap<CliContext> {
  return buildRouteMap({
    routes: {
      init,
      up,
      plan,
      apply,
      doctor,
      connect,
      servers,
      tools: toolCommands,
      models,
      bundle,
      sandbox,
      skills,
      secrets,
      credentials,
      run,
      runs,
      approvals,
      approve,
      deny,
      passkeys,
      calls,
      receipts,
      ledger,
      privacy,
      policy,
      "blast-radius": blastRadius,
      freeze,
      unfreeze,
      freezes,
      completion,
      version,
    },
    docs: { brief: "The control plane for AI agents in production" },
  });
}

function parseShell(input: string): Shell {
  if (input === "bash" || input === "zsh" || input === "fish") return input;
  throw new Error(`There is no completion for ${input}; take bash, zsh or fish`);
}
