import { buildCommand, buildRouteMap } from "@stricli/core";
import { lazy } from "./command.ts";
import type { CliContext } from "./context.ts";
import type { RevokeFlags } from "./commands/credentials.ts";
import { json, optionalText, url } from "./flags.ts";

const ls = buildCommand<{ readonly json: boolean; readonly url?: string }, [], CliContext>({
  loader: lazy(async () => (await import("./commands/credentials.ts")).listCredentials),
  parameters: { flags: { json, url } },
  docs: { brief: "What people granted, without tokens" },
});

const revoke = buildCommand<RevokeFlags, [string], CliContext>({
  loader: lazy<RevokeFlags, [string]>(
    async () => (await import("./commands/credentials.ts")).revokeCredential,
  ),
  parameters: {
    flags: { json, url, subject: optionalText("Of this subject, as ls names it", "subject") },
    positional: {
      kind: "tuple",
      parameters: [{ brief: "The server", placeholder: "server", parse: String }],
    },
  },
  docs: { brief: "Remove a grant, and revoke it at the authorization server" },
});

export const credentials = buildRouteMap({
  routes: { ls, revoke },
  docs: { brief: "Credentials that people agreed to" },
});
