import { queryOptions } from "@tanstack/react-query";
import type { Approvals } from "../../../src/client/client.ts";
import type { Session } from "../shell/session.ts";

export const approvalsListed = 200;
const everyMs = 2_000;

/** What waits for a decision: one list for the inbox and the number beside its name. */
export function approvalsQuery({ client, holder }: Session) {
  return queryOptions({
    queryKey: ["approvals", "pending"],
    queryFn: async (): Promise<Approvals> =>
      (await client.listApprovals({ state: "pending", limit: approvalsListed })).body,
    refetchInterval: everyMs,
    enabled: holder.roles.some((role) => role !== "caller"),
  });
}
