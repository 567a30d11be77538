import type { Erasing } from "../api/call-answers.ts";
import { createApprovalDesk, type DeskOptions } from "../authority/approval-desk.ts";
import { erasePersonal } from "../authority/erase-personal.ts";
import { voidFrozen } from "../authority/void-frozen.ts";
import { resolveCall, type Finding } from "../gate/resolve-call.ts";
import { stillHolds } from "../gate/still-holds.ts";
import type { Frozen } from "../model/freeze.ts";
import type { TenantId } from "../model/index.ts";
import type { CallRow } from "../ports/call-rows.ts";
import type { Catalog } from "../ports/catalog.ts";
import type { GateBase } from "./gate-base.ts";

export interface OpenDeskOptions extends Pick<
  GateBase,
  "store" | "clock" | "random" | "approvals" | "openings" | "pool" | "telemetry"
> {
  readonly passkeys: DeskOptions["passkeys"];
  readonly catalog: () => Catalog;
}

/** What people decide, find out and have erased. */
export function openDesk(options: OpenDeskOptions) {
  const { store, clock, random, approvals, openings, pool, passkeys, catalog } = options;
  const { telemetry } = options;
  return {
    catalog,
    news: approvals.news,
    urlOf: approvals.urlOf,
    calls: store.calls,
    desk: createApprovalDesk({
      rows: store.approvals,
      openings,
      clock,
      random,
      passkeys,
      stillHolds: (intent) => stillHolds(catalog(), intent),
      tell: approvals.tell,
      onDecided: (word, waitedMs) =>
        telemetry.observe("approval_wait_seconds", waitedMs / 1_000, { word }),
    }),
    resolveCall: (row: CallRow, finding: Finding) =>
      resolveCall({ store, clock, random: pool, catalog }, row, finding),
    erasePersonal: (tenant: TenantId, who: Erasing) =>
      erasePersonal({ ...store, openings }, tenant, who),
    voidApprovals: (frozen: Frozen, tenant: TenantId | null) =>
      voidFrozen(store.approvals, frozen, tenant),
  };
}
