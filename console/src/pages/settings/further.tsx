import type { InfiniteData, UseInfiniteQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Button } from "../../ui/button.tsx";
import { FaultNotice } from "../../ui/fault-notice.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";

export interface FurtherProps<Page> {
  readonly query: UseInfiniteQueryResult<InfiniteData<Page>>;
  readonly count: number;
  readonly children: ReactNode;
}

/** A list that is read page by page, with a way to the next one. */
export function Further<Page>({ query, count, children }: FurtherProps<Page>) {
  if (query.data === undefined) {
    if (query.error === null) return <Skeleton rows={3} />;
    return <FaultNotice error={query.error} onRetry={() => void query.refetch()} />;
  }
  return (
    <>
      {children}
      {query.error === null ? null : <FaultNotice error={query.error} />}
      {query.hasNextPage ? (
        <div className="mt-3">
          <Button busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            {`More than these ${count}`}
          </Button>
        </div>
      ) : null}
    </>
  );
}
