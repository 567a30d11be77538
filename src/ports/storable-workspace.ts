import {
  requireBytes,
  requireCount,
  requireDigest,
  requireId,
  requireName,
  requireText,
  requireWhole,
} from "./storable.ts";
import { workspaceLimits, type WorkspaceChange, type WorkspaceKey } from "./workspace-rows.ts";

export function requireWorkspaceKey({ tenant, server, owner }: WorkspaceKey): void {
  requireName("tenant", tenant);
  requireName("server", server);
  requireName("owner", owner);
}

/** As long as a tenant, a kind and a subject may be together. */
const subjectBytes = 2_048;

export function requireStorableChange(change: WorkspaceChange): void {
  const { key, run, subject, version, manifest, blobs, keeps, calls, nowMs } = change;
  requireWorkspaceKey(key);
  if (run !== null) requireId("run", run);
  requireText("subject", subject, subjectBytes);
  requireWhole("version", version);
  requireWhole("nowMs", nowMs);
  requireDigest("manifest", manifest);
  requireCount("keeps", keeps.length, workspaceLimits.blobs);
  for (const id of keeps) requireDigest("keeps", id);
  requireCount("blobs", blobs.size, workspaceLimits.blobs);
  let left: number = workspaceLimits.bytes;
  for (const [id, bytes] of blobs) {
    requireDigest("blobs", id);
    requireBytes("blobs", bytes, left);
    left -= bytes.byteLength;
  }
  requireCount("calls", calls.length, workspaceLimits.calls);
  for (const call of calls) requireName("calls", call);
}
