import { queryOptions } from "@tanstack/react-query";
import { Fault } from "../../../src/model/fault.ts";
import type { Approval, Approvals } from "../../../src/client/client.ts";
import type { Session } from "../shell/session.ts";

export const approvalsListed = 200;
/** The server answers sooner where something is new. */
const waitSeconds = 25;
/** Between two questions, so that an answer that comes at once is no storm. */
const againMs = 250;
const retryMs = 2_000;

/** Of the key's roles, those that may see what waits. */
export const approvalReaders = ["approver", "admin", "operator", "auditor"] as const;

export const approvalsKey = ["approvals", "pending"] as const;

/** What waits for a decision: one list for the inbox and the number beside its name, told as it changes. */
export function approvalsQuery({ client, holder }: Session) {
  return queryOptions({
    queryKey: approvalsKey,
    queryFn: async ({ client: cache }): Promise<Approvals> => {
      const before = cache.getQueryData<Approvals>(approvalsKey);
      const error = cache.getQueryState(approvalsKey)?.error;
      // Where too many wait for news already, and after a silence, it is asked without waiting.
      const waits = before !== undefined && !(error instanceof Fault);
      const since = waits ? { seen: before.seen, wait: waitSeconds } : {};
      return (await client.listApprovals({ state: "pending", limit: approvalsListed, ...since }))
        .body;
    },
    refetchInterval: ({ state }) => (state.status === "error" ? retryMs : againMs),
    refetchIntervalInBackground: true,
    retry: false,
    enabled: holder.roles.some((role) => approvalReaders.some((reader) => reader === role)),
  });
}

/** One of them whole, beside the last approved call. It is read again whenever the list has news. */
export function approvalQuery({ client }: Session, id: string) {
  return queryOptions({
    queryKey: ["approval", id],
    queryFn: async (): Promise<Approval> => (await client.getApproval({ id })).body,
    refetchInterval: 10_000,
  });
}
