import { useQuery } from "@tanstack/react-query";
import { useClient, useRoleReason } from "../../shell/use-session.ts";

const everyMs = 5_000;
const looked = 20;

/** When the newest entry that has a place in the log was written; null where that is not known. */
export function useNewestAt(): string | null {
  const client = useClient();
  const reason = useRoleReason("admin", "auditor");
  const { data } = useQuery({
    queryKey: ["receipts", "newest"],
    queryFn: async () => (await client.listReceipts({ limit: looked })).body.receipts,
    refetchInterval: everyMs,
    enabled: reason === null,
  });
  return data?.find(({ index }) => index !== null)?.at ?? null;
}
