import {
  Fault,
  sealedVerdictsSchema,
  toDigest,
  type ApprovalRequest,
  type Verdict,
} from "../model/index.ts";
import type { OpeningPlace, Openings } from "./openings.ts";
import type { ApprovalRow } from "./approval-rows.ts";

type Decided = Pick<ApprovalRow, "tenant" | "id" | "intent" | "request">;

/** Under the tenant's key: whoever can write the database alone cannot make anybody agree. */
export function sealVerdicts(
  openings: Openings,
  row: Decided,
  verdicts: readonly Verdict[],
): Promise<Uint8Array> {
  return openings.seal(toPlace(row), { request: toDigest(row.request), verdicts });
}

export async function openVerdicts(
  openings: Openings,
  row: Decided & Pick<ApprovalRow, "verdicts">,
): Promise<readonly Verdict[]> {
  if (row.verdicts === null) return [];
  const read = sealedVerdictsSchema.safeParse(await openings.open(toPlace(row), row.verdicts));
  if (read.success && read.data.request === toDigest(row.request)) return read.data.verdicts;
  throw new Fault("record_unreadable", `What was decided of approval ${row.id} cannot be read.`);
}

function toPlace({ tenant, id, intent }: Decided): OpeningPlace {
  return { tenant, what: `verdicts:${id}:${intent}` };
}

/** Whether everybody that was asked for has agreed, and nobody said no. */
export function isAgreed({ approvers }: ApprovalRequest, verdicts: readonly Verdict[]): boolean {
  if (verdicts.some(({ word }) => word === "denied")) return false;
  return approvers.every(({ who, quorum }) => {
    const those = verdicts.filter(({ meets }) => meets.includes(who));
    return new Set(those.map(({ approver }) => approver)).size >= quorum;
  });
}
