import type { TenantId } from "../model/index.ts";

/** Until there are tenants in the configuration, there is one: what it says is of this one. */
export const ownTenant = "default" as TenantId;
