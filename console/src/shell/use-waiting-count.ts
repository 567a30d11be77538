import { useQuery } from "@tanstack/react-query";
import { approvalsQuery } from "../api/approvals-query.ts";
import { useSession } from "./use-session.ts";

/** How many approvals wait; null where the key may not see them. */
export function useWaitingCount(): number | null {
  const session = useSession();
  const { data } = useQuery({
    ...approvalsQuery(session),
    select: ({ approvals }) => approvals.filter(({ state }) => state === "pending").length,
  });
  return data ?? null;
}
