import type { KeyHolder } from "../authority/keyring.ts";
import { Fault, type Principal, type TenantId } from "../model/index.ts";

/** Who calls; a key that only decides on approvals calls for nobody. */
export function principalOf(holder: KeyHolder | null): Principal {
  const principal = holder?.principal ?? null;
  if (principal === null) throw new Fault("forbidden", "This key belongs to no tenant.");
  return principal;
}

export function tenantOf(holder: KeyHolder | null): TenantId {
  return principalOf(holder).tenant;
}
