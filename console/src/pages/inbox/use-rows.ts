import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useRef } from "react";
import { approvalQuery, approvalsQuery } from "../../api/approvals-query.ts";
import { useSession } from "../../shell/use-session.ts";
import { keepRows, type Row } from "./keep-rows.ts";

/** The list as it is shown, live; what is read, and what comes after it, is read anew with each news. */
export function useRows(read: string | null) {
  const session = useSession();
  const cache = useQueryClient();
  const before = useRef<readonly Row[]>([]);
  const list = useQuery(approvalsQuery(session));
  const waiting = list.data?.approvals;
  const seen = list.data?.seen;
  const rows = useMemo(() => keepRows(before.current, waiting ?? [], read), [waiting, read]);
  before.current = rows;
  const at = rows.findIndex(({ approval }) => approval.id === read);
  const next = rows[at + 1]?.approval.id ?? null;
  useEffect(() => {
    if (seen !== undefined) void cache.invalidateQueries({ queryKey: ["approval"] });
  }, [cache, seen]);
  useEffect(() => {
    if (next !== null) void cache.query(approvalQuery(session, next)).catch(() => undefined);
  }, [cache, next, session]);
  return { rows, waiting, error: list.error, refetch: list.refetch };
}
