import {
  approvalRequestSchema,
  Fault,
  fromRecordBytes,
  intentOpeningSchema,
  verdictsSchema,
  type ApprovalRequest,
  type IntentOpening,
  type Verdict,
} from "../model/index.ts";
import type { Openings } from "../ports/openings.ts";
import type { ApprovalRow } from "../ports/store.ts";

/** As it lies in the store, read: what the gate and the desk look at alike. */
export interface ReadApproval {
  readonly row: ApprovalRow;
  readonly request: ApprovalRequest;
  /** Null once it was erased. */
  readonly opening: IntentOpening | null;
  readonly verdicts: readonly Verdict[];
}

export async function readApproval(
  { openings }: { readonly openings: Openings },
  row: ApprovalRow,
): Promise<ReadApproval> {
  const place = { tenant: row.tenant, what: `approval:${row.id}` };
  const opened = row.opening === null ? null : await openings.open(place, row.opening);
  if (row.opening !== null && opened === null)
    throw new Fault("record_unreadable", `What approval ${row.id} is for cannot be read.`);
  return {
    row,
    request: fromRecordBytes(approvalRequestSchema, row.request, "an approval"),
    opening: opened === null ? null : intentOpeningSchema.parse(opened),
    verdicts:
      row.verdicts === null
        ? []
        : fromRecordBytes(verdictsSchema, row.verdicts, "verdicts of an approval"),
  };
}
