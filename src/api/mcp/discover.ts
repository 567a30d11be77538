import type { Json } from "../../lib/strict-json.ts";
import { metaKeys, supportedVersions } from "../../mcp/protocol.ts";
import type { Catalog, CatalogToolset } from "../../ports/catalog.ts";

/** What a toolset can do: what any of its servers can. */
export function toCapabilities(
  catalog: Catalog,
  toolset: CatalogToolset,
): Readonly<Record<string, Json>> {
  const of = toolset.servers.map((name) => catalog.servers.get(name)?.capabilities ?? {});
  const has = (key: string): boolean => of.some((capabilities) => capabilities[key] !== undefined);
  return {
    tools: { listChanged: true },
    ...(toolset.prompts.size > 0 || has("prompts") ? { prompts: { listChanged: true } } : {}),
    ...(toolset.resources.size > 0 || toolset.templates.length > 0 || has("resources")
      ? { resources: { listChanged: true, subscribe: true } }
      : {}),
    ...(has("completions") ? { completions: {} } : {}),
    ...(has("logging") ? { logging: {} } : {}),
  };
}

/** Long enough to spare a round trip, short enough that a new revision is seen. */
const ttlMs = 60_000;

export function toDiscoverResult(
  catalog: Catalog,
  toolset: CatalogToolset,
  version: string,
): string {
  return JSON.stringify({
    resultType: "complete",
    supportedVersions: [...supportedVersions],
    capabilities: toCapabilities(catalog, toolset),
    ...(toolset.instructions === null ? {} : { instructions: toolset.instructions }),
    ttlMs,
    cacheScope: "private",
    _meta: { [metaKeys.serverInfo]: nameOurselves(version) },
  });
}

export function nameOurselves(version: string) {
  return { name: "countersign", title: "Countersign", version };
}
