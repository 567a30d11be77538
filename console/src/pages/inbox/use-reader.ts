import { useQuery } from "@tanstack/react-query";
import { useRoleReason, useSession } from "../../shell/use-session.ts";
import type { Reader } from "./approval-words.ts";
import { hasPasskeys } from "./sign-digest.ts";

/** Who is at the page. Their passkeys are asked for where a decision takes one. */
export function useReader(takesPasskey: boolean): Reader {
  const { client, holder } = useSession();
  const roleReason = useRoleReason("approver");
  const { data } = useQuery({
    queryKey: ["passkeys", "own"],
    queryFn: async () => (await client.listPasskeys({})).body.passkeys.length,
    enabled: takesPasskey && roleReason === null,
    staleTime: 10_000,
  });
  return {
    name: holder.name,
    roleReason,
    hasPasskeys: hasPasskeys(),
    enrolled: data ?? null,
  };
}
