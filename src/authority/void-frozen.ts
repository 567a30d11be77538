import type { Frozen } from "../model/freeze.ts";
import { toExposedName, type TenantId } from "../model/index.ts";
import type { ApprovalRows, ApprovalsOf } from "../ports/approval-rows.ts";

const atOnce = 1_000;
/** Far more than callers may have waiting; what is beyond is stopped by the freeze all the same. */
const maxRounds = 100;

/** Approvals of what is frozen: whoever gave one did not know of it. Without a tenant those of all. */
export async function voidFrozen(
  rows: ApprovalRows,
  { kind, name }: Frozen,
  tenant: TenantId | null,
): Promise<void> {
  const of: ApprovalsOf = tenant === null ? {} : { tenant };
  if (kind === "tool") return voidTool(rows, name, tenant);
  if (kind === "server") return voidRounds(rows, { ...of, server: name });
  if (kind === "agent") return voidRounds(rows, { ...of, agent: name });
  return voidRounds(rows, of);
}

async function voidRounds(rows: ApprovalRows, of: ApprovalsOf): Promise<void> {
  for (let round = 0; round < maxRounds; round += 1)
    if ((await rows.voidAll(of, atOnce)) < atOnce) return;
}

/** A frozen tool has the name that rules use, of which the row has the parts. */
async function voidTool(rows: ApprovalRows, name: string, tenant: TenantId | null): Promise<void> {
  if (tenant === null) return;
  for (const state of ["pending", "approved"] as const) {
    let page = {};
    for (let round = 0; round < maxRounds; round += 1) {
      const found = await rows.list(tenant, { state, limit: atOnce, ...page });
      for (const { id, server, tool } of found)
        if (tool !== null && toExposedName(server, tool) === name) await rows.void(tenant, id);
      if (found.length < atOnce) break;
      page = { after: found.at(-1)!.id };
    }
  }
}
