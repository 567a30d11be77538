import { buildCommand, buildRouteMap } from "@stricli/core";
import { lazy } from "./command.ts";
import type { SetupFlags } from "./commands/sandbox-setup.ts";
import type { CliContext } from "./context.ts";
import { json, url } from "./flags.ts";

const probe = buildCommand<{ json: boolean; url?: string }, [], CliContext>({
  loader: lazy(async () => (await import("./commands/sandbox.ts")).probeSandboxes),
  parameters: { flags: { json, url } },
  docs: {
    brief: "Which tiers of sandbox the server has, what a canary showed, and what enforces limits",
  },
});

const setup = buildCommand<SetupFlags, [string], CliContext>({
  loader: lazy<SetupFlags, [string]>(
    async () => (await import("./commands/sandbox-setup.ts")).setUpSandbox,
  ),
  parameters: {
    flags: {
      json,
      yes: { kind: "boolean", brief: "Do it without asking", default: false, withNegated: false },
    },
    positional: {
      kind: "tuple",
      parameters: [
        {
          brief: "One of bubblewrap, gvisor, qemu, firecracker",
          placeholder: "driver",
          parse: String,
          proposeCompletions: () => ["bubblewrap", "gvisor", "qemu", "firecracker"],
        },
      ],
    },
  },
  docs: {
    brief: "Bring to this machine what a tier of sandbox needs",
    fullDescription:
      "Says first what it fetches, from where, how large that is and where it goes. " +
      "Afterwards a canary is started in it. It needs no server.",
  },
});

export const sandbox = buildRouteMap({
  routes: { probe, setup },
  docs: { brief: "Where programs run, apart from the host" },
});
