import { buildCommand, buildRouteMap } from "@stricli/core";
import { lazy } from "./command.ts";
import type { CliContext } from "./context.ts";
import { json, url } from "./flags.ts";

interface Flags {
  readonly json: boolean;
  readonly url?: string;
}

const agent = { brief: "The agent", placeholder: "agent", parse: String };
const named = (brief: string, placeholder: string) => ({ brief, placeholder, parse: String });

const build = buildCommand<Flags, [string], CliContext>({
  loader: lazy<Flags, [string]>(async () => (await import("./commands/bundle.ts")).buildBundle),
  parameters: {
    flags: { json, url },
    positional: { kind: "tuple", parameters: [agent] },
  },
  docs: { brief: "Build the bundle of an agent as everything is now, and keep it" },
});

const show = buildCommand<Flags, [string?], CliContext>({
  loader: lazy<Flags, [string?]>(async () => (await import("./commands/bundle.ts")).showBundle),
  parameters: {
    flags: { json, url },
    positional: {
      kind: "tuple",
      parameters: [
        { ...named("A digest, or an agent for the one it has now", "bundle"), optional: true },
      ],
    },
  },
  docs: {
    brief: "Show a bundle, or what each agent would start with now",
    fullDescription: "Shows what is in a bundle; without an argument, every agent with its digest.",
  },
});

const diff = buildCommand<Flags, [string, string], CliContext>({
  loader: lazy<Flags, [string, string]>(
    async () => (await import("./commands/bundle.ts")).diffBundles,
  ),
  parameters: {
    flags: { json, url },
    positional: {
      kind: "tuple",
      parameters: [
        named("A digest, or an agent for the one it has now", "from"),
        named("The same", "to"),
      ],
    },
  },
  docs: { brief: "What changed from one bundle to another, in words" },
});

export const bundle = buildRouteMap({
  routes: { build, show, diff },
  docs: { brief: "Agents as plain data under one digest" },
});
