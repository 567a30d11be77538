import { buildCommand, buildRouteMap } from "@stricli/core";
import { lazy } from "./command.ts";
import type { LintFlags, ListFlags, ShowFlags } from "./commands/skills.ts";
import type { CliContext } from "./context.ts";
import { json, optionalText, url } from "./flags.ts";

const agent = optionalText("Of this agent alone", "agent");
const named = (brief: string, placeholder: string) => ({ brief, placeholder, parse: String });

const ls = buildCommand<ListFlags, [], CliContext>({
  loader: lazy(async () => (await import("./commands/skills.ts")).listSkills),
  parameters: {
    flags: {
      json,
      url,
      agent,
      window: optionalText("Show the cost against a context of so many tokens", "tokens"),
    },
  },
  docs: { brief: "Skills of the agents, and what they cost at every turn" },
});

const show = buildCommand<ShowFlags, [string], CliContext>({
  loader: lazy<ShowFlags, [string]>(async () => (await import("./commands/skills.ts")).showSkill),
  parameters: {
    flags: { json, url, agent },
    positional: { kind: "tuple", parameters: [named("The skill", "name")] },
  },
  docs: { brief: "Show a skill: its files, and what it asks for beside what its agents may call" },
});

const lint = buildCommand<LintFlags, [string], CliContext>({
  loader: lazy<LintFlags, [string]>(async () => (await import("./commands/skills.ts")).lintSkills),
  parameters: {
    flags: { json },
    positional: {
      kind: "tuple",
      parameters: [named("Folder of a skill, or of skills", "path")],
    },
  },
  docs: { brief: "Check skills on this machine: fail with 2 where one cannot be loaded" },
});

export const skills = buildRouteMap({
  routes: { ls, show, lint },
  docs: { brief: "Instructions that agents read when they need them" },
});
