import {
  approvalRequestSchema,
  Fault,
  fromRecordBytes,
  intentOpeningSchema,
  toDigest,
  toIntentDigest,
  type ApprovalRequest,
  type IntentOpening,
  type Verdict,
} from "../model/index.ts";
import type { OpeningPlace, Openings } from "../ports/openings.ts";
import { openVerdicts } from "../ports/verdicts.ts";
import type { ApprovalRow } from "../ports/approval-rows.ts";

/** As it lies in the store, read: what the gate and the desk look at alike. */
export interface ReadApproval {
  readonly row: ApprovalRow;
  readonly request: ApprovalRequest;
  /** Null once it was erased. */
  readonly opening: IntentOpening | null;
  readonly verdicts: readonly Verdict[];
}

/**
 * What the row says is believed as far as it is sealed: it was asked for with these words, for this
 * intent, until then. Anything else was written by somebody who is not us.
 */
export async function readApproval(
  { openings }: { readonly openings: Openings },
  row: ApprovalRow,
): Promise<ReadApproval> {
  const opened = row.opening === null ? null : await openings.open(toPlace(row), row.opening);
  const opening = opened === null ? null : intentOpeningSchema.parse(opened);
  const isOurs =
    opening === null
      ? row.opening === null
      : toIntentDigest(opening.intent) === row.intent &&
        opening.intent.notAfterMs === row.expiresAtMs;
  if (!isOurs)
    throw new Fault("record_unreadable", `What approval ${row.id} is for cannot be read.`);
  return {
    row,
    request: fromRecordBytes(approvalRequestSchema, row.request, "an approval"),
    opening,
    verdicts: await openVerdicts(openings, row),
  };
}

export function toPlace({
  tenant,
  id,
  request,
}: Pick<ApprovalRow, "tenant" | "id" | "request">): OpeningPlace {
  return { tenant, what: `approval:${id}:${toDigest(request)}` };
}
