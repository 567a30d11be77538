import {
  keepPreviousData,
  useInfiniteQuery,
  useQuery,
  useQueryClient,
  type InfiniteData,
} from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { Client, Runs } from "../../../../src/client/client.ts";
import { useClient } from "../../shell/use-session.ts";
import { listNew, patchRuns, type RunRow } from "./merge-runs.ts";
import { toCounted, toQuery, toSearch, type RunFilter } from "./run-filter.ts";

const perPage = 200;
/** What is looked at again and again: the newest ones, and those on the screen. */
const perLook = 100;
const everyMs = 3_000;
/** A look begins at one of these rows, so that scrolling by one row asks for nothing new. */
const lookStep = 25;
/** Whoever scrolls reads nothing yet. */
const settledMs = 250;
/** More is read before the end comes into view. */
const readAhead = 120;

type Pages = InfiniteData<Runs, string | null>;

export interface RunList {
  readonly rows: readonly RunRow[];
  readonly gone: ReadonlySet<string>;
  readonly isReading: boolean;
  readonly error: Error | null;
  readonly retry: () => void;
  /** Made since the list was read. `isMore`: and others. */
  readonly fresh: { readonly count: number; readonly isMore: boolean };
  readonly showFresh: () => void;
  /** The rows that are in the page now. */
  readonly look: (first: number, last: number) => void;
}

export function useRunCounts(filter: RunFilter) {
  const client = useClient();
  const counted = toCounted(filter);
  return useQuery({
    queryKey: ["runs", "counts", counted],
    queryFn: async () => (await client.countRuns(counted)).body,
    refetchInterval: everyMs,
    placeholderData: keepPreviousData,
  });
}

/** Runs, page by page. What is on the screen is kept fresh; what is new waits to be asked for. */
export function useRunList(filter: RunFilter): RunList {
  const client = useClient();
  const queries = useQueryClient();
  const [start, setStart] = useState(0);
  const key = useMemo(() => ["runs", "list", toSearch(filter)], [filter]);
  const list = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam }) => readPage(client, filter, { before: pageParam, limit: perPage }),
    initialPageParam: null as string | null,
    getNextPageParam: ({ next }) => next,
    // Rows are kept fresh where they are seen.
    staleTime: Number.POSITIVE_INFINITY,
  });
  const pages = list.data?.pages;
  const rows = useMemo(() => pages?.flatMap(({ runs }) => runs) ?? [], [pages]);
  const { newest, gone } = useLooks({ filter, key, rows, start, isOn: list.isSuccess });
  const fresh = newest === undefined ? [] : listNew(rows[0], newest);
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = list;
  const count = rows.length;
  const settling = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(settling.current), []);
  const look = useCallback(
    (first: number, last: number) => {
      clearTimeout(settling.current);
      settling.current = setTimeout(
        () => setStart(Math.floor(first / lookStep) * lookStep),
        settledMs,
      );
      if (last >= count - readAhead && hasNextPage && !isFetchingNextPage) void fetchNextPage();
    },
    [count, hasNextPage, isFetchingNextPage, fetchNextPage],
  );
  // None of what is shown is among the newest: there are others in between.
  const isMore =
    newest !== undefined && newest.next !== null && fresh.length === newest.runs.length;
  return {
    rows,
    gone,
    isReading: list.isPending,
    error: list.error,
    retry: () => void list.refetch(),
    fresh: { count: fresh.length, isMore },
    showFresh: () => {
      if (isMore) return void queries.resetQueries({ queryKey: key });
      queries.setQueryData<Pages>(key, (old) => (old === undefined ? old : putFirst(old, fresh)));
    },
    look,
  };
}

function putFirst({ pages, pageParams }: Pages, fresh: readonly RunRow[]): Pages {
  const [first, ...others] = pages;
  if (first === undefined) return { pages, pageParams };
  return { pages: [{ ...first, runs: [...fresh, ...first.runs] }, ...others], pageParams };
}

interface Looking {
  readonly filter: RunFilter;
  readonly key: readonly unknown[];
  readonly rows: readonly RunRow[];
  readonly start: number;
  readonly isOn: boolean;
}

/** Looks at the newest runs and at those on the screen, and says which are of the filter no more. */
function useLooks({ filter, key, rows, start, isOn }: Looking) {
  const queries = useQueryClient();
  const [gone, setGone] = useState<ReadonlySet<string>>(new Set());
  const before = start === 0 ? null : (rows[start - 1]?.id ?? null);
  const newest = useLook({ filter, before: null, isOn });
  const seen = useLook({ filter, before, isOn: isOn && before !== null });
  const patch = useCallback(
    (page: Runs | undefined, from: string | null) => {
      const old = queries.getQueryData<Pages>(key);
      if (page === undefined || old === undefined) return;
      const patched = patchRuns(old.pages, page, from);
      if (patched.pages !== old.pages)
        queries.setQueryData<Pages>(key, { ...old, pages: [...patched.pages] });
      setGone((known) => toGone(known, page, patched.gone));
    },
    [queries, key],
  );
  useEffect(() => patch(newest, null), [patch, newest]);
  useEffect(() => patch(seen, before), [patch, seen, before]);
  return { newest, gone };
}

function toGone(
  known: ReadonlySet<string>,
  page: Runs,
  gone: readonly string[],
): ReadonlySet<string> {
  const back = page.runs.filter(({ id }) => known.has(id));
  const added = gone.filter((id) => !known.has(id));
  if (back.length === 0 && added.length === 0) return known;
  const isBack = new Set(back.map(({ id }) => id));
  return new Set([...[...known].filter((id) => !isBack.has(id)), ...added]);
}

function useLook({
  filter,
  before,
  isOn,
}: {
  readonly filter: RunFilter;
  readonly before: string | null;
  readonly isOn: boolean;
}): Runs | undefined {
  const client = useClient();
  const { data } = useQuery({
    queryKey: ["runs", "look", toSearch(filter), before],
    queryFn: () => readPage(client, filter, { before, limit: perLook }),
    refetchInterval: everyMs,
    enabled: isOn,
    gcTime: 2 * everyMs,
  });
  return data;
}

async function readPage(
  client: Client,
  filter: RunFilter,
  { before, limit }: { readonly before: string | null; readonly limit: number },
): Promise<Runs> {
  const from = before === null ? {} : { before };
  return (await client.listRuns({ ...toQuery(filter), ...from, limit })).body;
}
