import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { FaultNotice } from "../../ui/fault-notice.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";

export interface ReadProps<T> {
  readonly query: UseQueryResult<T>;
  readonly rows?: number;
  readonly children: (value: T) => ReactNode;
}

/** What was read; before that its place, and what went wrong where it could not be. */
export function Read<T>({ query, rows = 3, children }: ReadProps<T>) {
  if (query.data !== undefined) return children(query.data);
  if (query.error !== null)
    return <FaultNotice error={query.error} onRetry={() => void query.refetch()} />;
  return <Skeleton rows={rows} />;
}
