import { buildCommand } from "@stricli/core";
import { lazy } from "./command.ts";
import type { CliContext } from "./context.ts";
import type { FreezeFlags } from "./commands/freezes.ts";
import { json, url } from "./flags.ts";

interface Flags {
  readonly json: boolean;
  readonly url?: string;
}

const target = {
  kind: "tuple",
  parameters: [
    { brief: "agent, tool, server, tenant or all", placeholder: "what", parse: String },
    {
      brief: "Its name; a tool as server__tool",
      placeholder: "name",
      parse: String,
      optional: true,
    },
  ],
} as const;

export const freeze = buildCommand<FreezeFlags, [string, string?], CliContext>({
  loader: lazy<FreezeFlags, [string, string?]>(
    async () => (await import("./commands/freezes.ts")).freeze,
  ),
  parameters: {
    flags: {
      json,
      url,
      reason: {
        kind: "parsed",
        parse: String,
        brief: "Why; callers and the record see it",
        placeholder: "text",
        default: "no reason was given",
      },
    },
    positional: target,
  },
  docs: { brief: "Stop an agent, a tool, a server, the tenant or everything, on every replica" },
});

export const unfreeze = buildCommand<Flags, [string, string?], CliContext>({
  loader: lazy<Flags, [string, string?]>(
    async () => (await import("./commands/freezes.ts")).unfreeze,
  ),
  parameters: { flags: { json, url }, positional: target },
  docs: { brief: "Lift a freeze" },
});

export const freezes = buildCommand<Flags, [], CliContext>({
  loader: lazy(async () => (await import("./commands/freezes.ts")).listFreezes),
  parameters: { flags: { json, url } },
  docs: { brief: "What is frozen and what was, by whom and why" },
});
