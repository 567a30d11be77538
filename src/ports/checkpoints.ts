import type { TenantId } from "../model/index.ts";

/** Where checkpoints are kept out of reach of whoever can write to the database. */
export interface Checkpoints {
  /** The latest note of a tenant's log, as it was kept; null where there is none. */
  latest(tenant: TenantId): Promise<string | null>;
  /** Whose are kept, by name. */
  tenants(): Promise<readonly TenantId[]>;
  /** Durable when it resolves. */
  keep(tenant: TenantId, note: string): Promise<void>;
}

/** The twin: the same answers, nothing kept. */
export function createInMemoryCheckpoints(): Checkpoints {
  const notes = new Map<TenantId, string>();
  return {
    latest: async (tenant) => notes.get(tenant) ?? null,
    tenants: async () => [...notes.keys()].toSorted(),
    async keep(tenant, note) {
      notes.set(tenant, note);
    },
  };
}
