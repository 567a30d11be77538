import { buildCommand, buildRouteMap } from "@stricli/core";
import { lazy } from "./command.ts";
import type { CliContext } from "./context.ts";
import type { ApprovalsFlags } from "./commands/approvals.ts";
import type { ResolveFlags } from "./commands/calls.ts";
import type { DecideFlags } from "./commands/decide.ts";
import type { EraseFlags } from "./commands/privacy.ts";
import { json, optionalText, url } from "./flags.ts";

const yes = (brief: string) =>
  ({ kind: "boolean", brief, default: false, withNegated: false }) as const;

const idOf = (brief: string) =>
  ({ kind: "tuple", parameters: [{ brief, placeholder: "id", parse: String }] }) as const;

export const approvals = buildCommand<ApprovalsFlags, [], CliContext>({
  loader: lazy(async () => (await import("./commands/approvals.ts")).showApprovals),
  parameters: {
    flags: {
      json,
      url,
      state: optionalText("pending, approved, denied, expired, consumed, voided or all", "state"),
      watch: yes("Show each one whole as it comes; with --json as NDJSON"),
    },
    aliases: { w: "watch" },
  },
  docs: {
    brief: "Calls that wait for a person",
    fullDescription: "It uses the approver key of this user, or COUNTERSIGN_API_KEY.",
  },
});

const deciding = {
  flags: {
    json,
    url,
    digest: optionalText("What was looked at, as `approvals` and `tools call` name it", "digest"),
    reason: optionalText("Why; the caller sees the reason of a denial", "text"),
  },
  positional: idOf("Id of the approval"),
} as const;

export const approve = buildCommand<DecideFlags, [string], CliContext>({
  loader: lazy<DecideFlags, [string]>(async () => (await import("./commands/decide.ts")).approve),
  parameters: deciding,
  docs: {
    brief: "Agree to a call, exactly as it was shown",
    fullDescription:
      "At a terminal it shows the request and asks once. Anywhere else --digest says what was looked at.",
  },
});

export const deny = buildCommand<DecideFlags, [string], CliContext>({
  loader: lazy<DecideFlags, [string]>(async () => (await import("./commands/decide.ts")).deny),
  parameters: deciding,
  docs: { brief: "Deny a call" },
});

const unknown = buildCommand<{ readonly json: boolean; readonly url?: string }, [], CliContext>({
  loader: lazy(async () => (await import("./commands/calls.ts")).listUnknown),
  parameters: { flags: { json, url } },
  docs: { brief: "Calls of which nobody knows how they ended" },
});

const resolve = buildCommand<ResolveFlags, [string], CliContext>({
  loader: lazy<ResolveFlags, [string]>(
    async () => (await import("./commands/calls.ts")).resolveCall,
  ),
  parameters: {
    flags: {
      json,
      url,
      done: yes("It was carried out"),
      notDone: yes("It was not carried out"),
      retry: yes("It may be sent again: its server does nothing twice for one key"),
      evidence: {
        kind: "parsed",
        parse: String,
        brief: "How you know; it goes into the ledger",
        placeholder: "text",
      },
    },
    positional: idOf("Id of the call"),
  },
  docs: { brief: "Say what was found out about such a call" },
});

export const calls = buildRouteMap({
  routes: { unknown, resolve },
  docs: { brief: "Calls whose end nobody knows" },
});

const erase = buildCommand<EraseFlags, [], CliContext>({
  loader: lazy<EraseFlags>(async () => (await import("./commands/privacy.ts")).erasePersonal),
  parameters: {
    flags: {
      json,
      url,
      subject: {
        kind: "parsed",
        parse: String,
        brief: "Whose: user:NAME or service:NAME",
        placeholder: "subject",
      },
      tenant: optionalText("Of this tenant; the key's own when absent", "tenant"),
      yes: yes("Do not ask"),
    },
  },
  docs: { brief: "Erase what is kept of somebody; proofs stay valid" },
});

export const privacy = buildRouteMap({
  routes: { erase },
  docs: { brief: "What is kept of people" },
});
