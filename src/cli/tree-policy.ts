import { buildCommand, buildRouteMap } from "@stricli/core";
import { lazy } from "./command.ts";
import type { AskFlags, BlastFlags, CheckFlags, TestFlags } from "./commands/policy.ts";
import type { CliContext } from "./context.ts";
import { json, optionalText, url } from "./flags.ts";

const serving = {
  kind: "boolean",
  brief: "The rules that serve, not those of countersign.yaml",
  default: false,
  withNegated: false,
} as const;

const file = optionalText("The configuration (countersign.yaml)", "path");

const several = (brief: string, placeholder: string) =>
  ({ kind: "parsed", parse: String, brief, placeholder, variadic: true, optional: true }) as const;

const askFlags = {
  json,
  url,
  file: optionalText("By the rules of this file, not by those that serve", "path"),
  as: optionalText("Subject who asks", "subject"),
  kind: optionalText("user or service; user when absent", "kind"),
  tenant: optionalText("Tenant (default)", "tenant"),
  role: several("A role of the subject; several times for several", "role"),
} as const;

const check = buildCommand<CheckFlags, [], CliContext>({
  loader: lazy(async () => (await import("./commands/policy.ts")).checkPolicy),
  parameters: { flags: { json, url, file, serving } },
  docs: { brief: "Check the rules of countersign.yaml on the pinned tools" },
});

const test = buildCommand<TestFlags, string[], CliContext>({
  loader: lazy<TestFlags, string[]>(async () => (await import("./commands/policy.ts")).testPolicy),
  parameters: {
    flags: {
      json,
      url,
      file,
      serving,
      junit: optionalText("Write the results to this file, as JUnit does", "path"),
    },
    positional: {
      kind: "array",
      parameter: {
        brief: "Files of cases (policy.cases.yaml)",
        placeholder: "cases",
        parse: String,
      },
    },
  },
  docs: { brief: "Run cases: fail with 1 where policy says something else than expected" },
});

const explain = buildCommand<AskFlags, [string], CliContext>({
  loader: lazy<AskFlags, [string]>(
    async () => (await import("./commands/policy.ts")).explainPolicy,
  ),
  parameters: {
    flags: {
      ...askFlags,
      agent: optionalText("Agent that acts for the subject", "agent"),
      args: optionalText("Arguments, as JSON", "json"),
      label: several("A label of what was read before; several times for several", "label"),
      toolset: optionalText("Through this toolset", "toolset"),
      at: optionalText("At this time, such as 2026-11-20T10:30:00Z", "time"),
      approved: {
        kind: "boolean",
        brief: "As if it had been approved",
        default: false,
        withNegated: false,
      },
    },
    positional: {
      kind: "tuple",
      parameters: [{ brief: "The tool, as server__tool", placeholder: "tool", parse: String }],
    },
  },
  docs: { brief: "Say what policy would decide of a call, and why" },
});

const schema = buildCommand<{ readonly json: boolean; readonly url?: string }, [], CliContext>({
  loader: lazy(async () => (await import("./commands/policy.ts")).printPolicySchema),
  parameters: { flags: { json, url } },
  docs: { brief: "Print the Cedar schema of the pinned tools" },
});

export const policy = buildRouteMap({
  routes: { check, test, explain, schema },
  docs: { brief: "Who may do what: check, test and explain the rules" },
});

export const blastRadius = buildCommand<BlastFlags, [string?], CliContext>({
  loader: lazy<BlastFlags, [string?]>(
    async () => (await import("./commands/policy.ts")).showBlastRadius,
  ),
  parameters: {
    flags: {
      ...askFlags,
      toolset: optionalText("Of this toolset alone", "toolset"),
    },
    positional: {
      kind: "tuple",
      parameters: [{ brief: "The agent", placeholder: "agent", parse: String, optional: true }],
    },
  },
  docs: {
    brief: "What an agent, a subject or a toolset's users could do at worst",
    fullDescription:
      "countersign blast-radius travel\ncountersign blast-radius --as ada --role finance\n" +
      "countersign blast-radius --toolset office",
  },
});
