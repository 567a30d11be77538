import type { TenantId } from "../model/index.ts";
import type { Catalog, CatalogToolset } from "../ports/catalog.ts";

/** A toolset as a tenant may see it: what belongs to others is not there, whoever asks how. */
export function toTenantView(
  { servers }: Catalog,
  toolset: CatalogToolset,
  tenant: TenantId,
): CatalogToolset {
  const isOpen = (name: string): boolean => {
    const tenants = servers.get(name)?.config.tenants;
    return tenants === undefined || tenants.includes(tenant);
  };
  // As nearly always: nothing is kept from anybody, and nothing is made.
  if (toolset.servers.every(isOpen)) return toolset;
  const known = views.get(toolset)?.get(tenant);
  if (known !== undefined) return known;
  const view = filter(toolset, isOpen);
  const ofToolset = views.get(toolset) ?? new Map<TenantId, CatalogToolset>();
  views.set(toolset, ofToolset.set(tenant, view));
  return view;
}

/** Toolsets are frozen and made anew with each catalog; tenants are as many as configuration names. */
const views = new WeakMap<CatalogToolset, Map<TenantId, CatalogToolset>>();

function filter(toolset: CatalogToolset, isOpen: (server: string) => boolean): CatalogToolset {
  const keep = <Item extends { readonly server: string }>(items: ReadonlyMap<string, Item>) =>
    new Map([...items].filter(([, { server }]) => isOpen(server)));
  const servers = toolset.servers.filter(isOpen);
  return Object.freeze({
    ...toolset,
    servers,
    tools: keep(toolset.tools),
    prompts: keep(toolset.prompts),
    resources: keep(toolset.resources),
    templates: toolset.templates.filter(({ server }) => isOpen(server)),
    gaps: toolset.gaps.filter(isOpen),
    // Of the one server there was, it may be another tenant's.
    instructions: servers.length === toolset.servers.length ? toolset.instructions : null,
  });
}
