import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import type { Receipts } from "../../../../src/client/client.ts";
import { useClient } from "../../shell/use-session.ts";

export type EntrySummary = Receipts["receipts"][number];

const pageSize = 100;
const everyMs = 4_000;

export interface Entries {
  readonly list: readonly EntrySummary[];
  readonly isRead: boolean;
  readonly error: unknown;
  /** Entries that came since the list was read; as many as one page, at most. */
  readonly newer: number;
  readonly hasMore: boolean;
  readonly readMore: () => void;
  readonly readAgain: () => void;
}

/** The latest entries, further ones when they are scrolled to. New ones are counted, and move nothing. */
export function useEntries(isOn: boolean): Entries {
  const client = useClient();
  const pages = useInfiniteQuery({
    queryKey: ["receipts", "pages"],
    queryFn: async ({ pageParam }) =>
      (
        await client.listReceipts({
          limit: pageSize,
          ...(pageParam === "" ? {} : { after: pageParam }),
        })
      ).body,
    initialPageParam: "",
    getNextPageParam: ({ next }) => next ?? undefined,
    enabled: isOn,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const head = useQuery({
    queryKey: ["receipts", "head"],
    queryFn: async () => (await client.listReceipts({ limit: pageSize })).body.receipts,
    refetchInterval: everyMs,
    enabled: isOn && pages.data !== undefined,
  });
  const list = useMemo(
    () => pages.data?.pages.flatMap(({ receipts }) => receipts) ?? [],
    [pages.data],
  );
  const { fetchNextPage, hasNextPage, isFetchingNextPage, refetch } = pages;
  const readMore = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [fetchNextPage, hasNextPage, isFetchingNextPage]);
  return {
    list,
    isRead: pages.data !== undefined,
    error: pages.error,
    newer: countNewer(list, head.data ?? []),
    hasMore: hasNextPage,
    readMore,
    readAgain: () => void refetch(),
  };
}

function countNewer(shown: readonly EntrySummary[], head: readonly EntrySummary[]): number {
  const at = head.findIndex(({ id }) => id === shown[0]?.id);
  return at < 0 ? head.length : at;
}
