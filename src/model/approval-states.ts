import type { StateTable } from "./state-table.ts";

export type ApprovalState = "pending" | "approved" | "denied" | "expired" | "consumed" | "voided";
export type ApprovalMove = "approved" | "denied" | "expired" | "consumed" | "voided";

/** Expired is not denied: nobody said no. An approval that was given can still run out unused. */
export const approvalStates = {
  name: "approval",
  initial: "pending",
  moves: {
    pending: { approved: "approved", denied: "denied", expired: "expired", voided: "voided" },
    approved: { consumed: "consumed", expired: "expired", voided: "voided" },
    denied: {},
    expired: {},
    consumed: {},
    voided: {},
  },
} as const satisfies StateTable<ApprovalState, ApprovalMove>;
