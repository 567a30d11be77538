import { buildCommand, buildRouteMap } from "@stricli/core";
import { lazy } from "./command.ts";
import type { CliContext } from "./context.ts";
import { json, url } from "./flags.ts";

const probe = buildCommand<{ json: boolean; url?: string }, [], CliContext>({
  loader: lazy(async () => (await import("./commands/sandbox.ts")).probeSandboxes),
  parameters: { flags: { json, url } },
  docs: {
    brief: "Which tiers of sandbox the server has, what a canary showed, and what enforces limits",
  },
});

export const sandbox = buildRouteMap({
  routes: { probe },
  docs: { brief: "Where programs run, apart from the host" },
});
