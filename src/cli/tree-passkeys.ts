import { buildCommand, buildRouteMap } from "@stricli/core";
import { lazy } from "./command.ts";
import type { CliContext } from "./context.ts";
import type { PasskeyFlags } from "./commands/passkeys.ts";
import { json, url } from "./flags.ts";

const one = (brief: string, placeholder: string) =>
  ({ kind: "tuple", parameters: [{ brief, placeholder, parse: String }] }) as const;

const invite = buildCommand<PasskeyFlags, [string], CliContext>({
  loader: lazy<PasskeyFlags, [string]>(
    async () => (await import("./commands/passkeys.ts")).invitePasskey,
  ),
  parameters: { flags: { json, url }, positional: one("The approver, by id", "approver") },
  docs: {
    brief: "Let an approver add a passkey",
    fullDescription:
      "Prints a code that is good once, for 15 minutes, and the page where the approver uses it. " +
      "Hand it over by a way that an approver's API key does not open.",
  },
});

const ls = buildCommand<PasskeyFlags, [], CliContext>({
  loader: lazy(async () => (await import("./commands/passkeys.ts")).listPasskeys),
  parameters: { flags: { json, url } },
  docs: { brief: "Passkeys of approvers" },
});

const rm = buildCommand<PasskeyFlags, [string], CliContext>({
  loader: lazy<PasskeyFlags, [string]>(
    async () => (await import("./commands/passkeys.ts")).removePasskey,
  ),
  parameters: { flags: { json, url }, positional: one("The passkey, as ls names it", "id") },
  docs: { brief: "Remove a passkey" },
});

export const passkeys = buildRouteMap({
  routes: { invite, ls, rm },
  docs: { brief: "Passkeys of approvers" },
});
