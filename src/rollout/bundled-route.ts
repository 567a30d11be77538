import type { Bundle } from "../model/bundle.ts";
import type { BackendConfig, ModelsConfig } from "../model/config-models.ts";
import { Fault, toCanonicalText, toDigest } from "../model/index.ts";

/** Who answers for an alias, in the order in which they are asked. No key is in it, nor a reference to one. */
export function toBundledRoute(
  alias: string,
  { routes, backends }: ModelsConfig,
): Bundle["model"]["route"] {
  const groups = Object.hasOwn(routes, alias) ? routes[alias] : undefined;
  if (groups === undefined)
    throw new Fault("config_invalid", `The model ${alias} is no route of models.routes.`);
  return groups.map((group) =>
    group.map(({ backend: name, weight, model = null }) => {
      const backend = backends[name];
      if (backend === undefined)
        throw new Fault("config_invalid", `The model ${alias} names a backend that is not there.`);
      return {
        backend: name,
        kind: backend.kind,
        model: backend.kind === "scripted" ? null : backend.model,
        /** Asked for instead of the backend's own: a LoRA adapter. */
        adapter: model,
        weight,
        source: toDigest(toCanonicalText(toSource(backend))),
      };
    }),
  );
}

function toSource(backend: BackendConfig): object {
  if (backend.kind === "scripted") return { script: backend.script, format: backend.format };
  const { url } = backend;
  return backend.kind === "openai" ? { url, tokenLimit: backend.tokenLimit } : { url };
}
