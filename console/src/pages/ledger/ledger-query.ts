import { queryOptions } from "@tanstack/react-query";
import type { LedgerState } from "../../../../src/client/client.ts";
import type { Session } from "../../shell/session.ts";

const everyMs = 5_000;

/** How the log is, with the keys that its server says it signs with. */
export function ledgerQuery({ client, holder }: Session) {
  return queryOptions({
    queryKey: ["ledger", "state"],
    queryFn: async (): Promise<LedgerState> => (await client.getLedgerCheckpoint()).body,
    refetchInterval: everyMs,
    enabled: holder.roles.some((role) => role !== "approver"),
  });
}
