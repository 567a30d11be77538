import type { Digest, RunId, TenantId } from "../model/index.ts";
import { requireDigest, requireId } from "./storable.ts";
import { requireStorableChange, requireWorkspaceKey } from "./storable-workspace.ts";
import type { WorkspaceKey, WorkspaceRow, WorkspaceRows } from "./workspace-rows.ts";

interface Kept extends Omit<WorkspaceRow, "bytes"> {
  readonly key: WorkspaceKey;
  readonly run: RunId | null;
  readonly subject: string;
  readonly changedAtMs: number;
  readonly blobs: ReadonlyMap<Digest, Uint8Array>;
}

export interface InMemoryWorkspaces extends WorkspaceRows {
  /** With the run itself. */
  removeOf(run: RunId): void;
}

/** The twin of the store's: `findTenant` says whose a run is, and null for one that is not there. */
export function createInMemoryWorkspaces(
  findTenant: (run: RunId) => Promise<string | null>,
): InMemoryWorkspaces {
  const rows = new Map<string, Kept>();

  function removeWhere(isGone: (row: Kept) => boolean, limit = Infinity): number {
    const gone = [...rows].filter(([, row]) => isGone(row)).slice(0, limit);
    for (const [key] of gone) rows.delete(key);
    return gone.length;
  }

  return {
    async get(key) {
      requireWorkspaceKey(key);
      const row = rows.get(toText(key));
      if (row === undefined) return null;
      const { version, manifest, calls, blobs } = row;
      return { version, manifest, calls, bytes: blobs.get(manifest)! };
    },
    async blobs(key, ids) {
      requireWorkspaceKey(key);
      for (const id of ids) requireDigest("ids", id);
      const all = rows.get(toText(key))?.blobs ?? new Map<Digest, Uint8Array>();
      return new Map([...all].filter(([id]) => ids.includes(id)));
    },
    async put(change) {
      requireStorableChange(change);
      const { key, run, subject, manifest, keeps, calls, nowMs } = change;
      const tenant = run === null ? key.tenant : await findTenant(run);
      const before = rows.get(toText(key));
      if (tenant !== key.tenant || (before?.version ?? 0) !== change.version) return "stale";
      const all = new Map([...(before?.blobs ?? []), ...change.blobs]);
      const blobs = new Map([...all].filter(([id]) => keeps.includes(id)));
      const version = change.version + 1;
      const made = { key, run, subject, version, manifest, calls, blobs, changedAtMs: nowMs };
      rows.set(toText(key), made);
      return "put";
    },
    async copy(tenant, { from, to }) {
      requireId("from", from);
      requireId("to", to);
      if ((await findTenant(to)) === tenant) copyRows(rows, tenant, { from, to });
    },
    sweep: async (beforeMs, limit) =>
      removeWhere(({ run, changedAtMs }) => run === null && changedAtMs < beforeMs, limit),
    erase: async (tenant, subject, limit) =>
      removeWhere(
        (row) => row.run === null && row.key.tenant === tenant && row.subject === subject,
        limit,
      ),
    removeOf: (gone) => void removeWhere(({ run }) => run === gone),
  };
}

function copyRows(
  rows: Map<string, Kept>,
  tenant: TenantId,
  { from, to }: { readonly from: RunId; readonly to: RunId },
): void {
  const isSource = ({ key, run }: Kept): boolean => run === from && key.tenant === tenant;
  for (const source of [...rows.values()].filter(isSource)) {
    const key = { ...source.key, owner: to };
    if (!rows.has(toText(key)))
      rows.set(toText(key), { ...source, key, run: to, version: 1, calls: [] });
  }
}

function toText({ tenant, server, owner }: WorkspaceKey): string {
  return [tenant, server, owner].join("\0");
}
