import { buildCommand, buildRouteMap } from "@stricli/core";
import { lazy } from "./command.ts";
import type { TryFlags } from "./commands/models.ts";
import type { CliContext } from "./context.ts";
import { json, optionalText, url } from "./flags.ts";

interface Flags {
  readonly json: boolean;
  readonly url?: string;
}

const list = buildCommand<Flags, [], CliContext>({
  loader: lazy(async () => (await import("./commands/models.ts")).listModels),
  parameters: { flags: { json, url } },
  docs: { brief: "Models, and how the backends that answer for them are" },
});

const tryOne = buildCommand<TryFlags, [string, string], CliContext>({
  loader: lazy<TryFlags, [string, string]>(
    async () => (await import("./commands/models.ts")).tryModel,
  ),
  parameters: {
    flags: {
      json,
      url,
      maxTokens: optionalText("Length of the answer at most; 256 when absent", "tokens"),
      maxCost: optionalText("Ask only if it cannot cost more, such as 0.01", "money"),
    },
    positional: {
      kind: "tuple",
      parameters: [
        { brief: "What the model is called here", placeholder: "alias", parse: String },
        { brief: "What to ask", placeholder: "prompt", parse: String },
      ],
    },
  },
  docs: { brief: "Send one short prompt to a model, and say what came and what it cost" },
});

export const models = buildRouteMap({
  routes: { ls: list, try: tryOne },
  docs: { brief: "Models and their backends" },
});
