import type { Digest } from "../../model/index.ts";
import type { ApprovalState } from "../../model/index.ts";
import type { ApprovalRefusal } from "../../ports/approval-rows.ts";
import { toDigestBytes } from "./digest-bytes.ts";

export interface RefusalRow {
  readonly state: ApprovalState;
  readonly intent: Buffer;
  readonly expires_at: number;
}

/** Why a row does not move, in the order the port names; its state when nothing else is wrong. */
export function toRefusal(
  row: RefusalRow | undefined,
  asked: { readonly intent: Digest; readonly nowMs: number },
): ApprovalRefusal | "approved" {
  if (row === undefined) return "missing";
  if (!row.intent.equals(toDigestBytes(asked.intent))) return "mismatch";
  const waits = row.state === "pending" || row.state === "approved";
  if (waits && row.expires_at <= asked.nowMs) return "expired";
  return row.state;
}
