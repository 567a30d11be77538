import { buildCommand, buildRouteMap } from "@stricli/core";
import { lazy } from "./command.ts";
import type { CliContext } from "./context.ts";
import type { RemoveFlags, SetFlags } from "./commands/secrets.ts";
import { json, optionalText, url } from "./flags.ts";

const name = {
  kind: "tuple",
  parameters: [{ brief: "Name of the secret", placeholder: "name", parse: String }],
} as const;

const set = buildCommand<SetFlags, [string], CliContext>({
  loader: lazy<SetFlags, [string]>(async () => (await import("./commands/secrets.ts")).setSecret),
  parameters: {
    flags: {
      json,
      url,
      host: {
        kind: "parsed",
        parse: String,
        brief: "It may be sent to this host alone; several times for several",
        placeholder: "host[:port]",
        variadic: true,
        optional: true,
      },
      fromEnv: optionalText("Take the value of this variable", "variable"),
      fromFile: optionalText("Take the content of this file", "path"),
    },
    positional: name,
  },
  docs: {
    brief: "Store a secret for secret://name",
    fullDescription:
      "The value comes from standard input, is asked for at a terminal, or is taken from where a flag says. " +
      "It is never an argument: those stand in the shell's history and in the list of processes.",
  },
});

const ls = buildCommand<{ readonly json: boolean; readonly url?: string }, [], CliContext>({
  loader: lazy(async () => (await import("./commands/secrets.ts")).listSecrets),
  parameters: { flags: { json, url } },
  docs: { brief: "Stored secrets, without their values" },
});

const rm = buildCommand<RemoveFlags, [string], CliContext>({
  loader: lazy<RemoveFlags, [string]>(
    async () => (await import("./commands/secrets.ts")).removeSecret,
  ),
  parameters: {
    flags: { json, url, subject: optionalText("The one of this subject", "subject") },
    positional: name,
  },
  docs: { brief: "Remove a stored secret" },
});

export const secrets = buildRouteMap({
  routes: { set, ls, rm },
  docs: { brief: "Stored secrets" },
});
