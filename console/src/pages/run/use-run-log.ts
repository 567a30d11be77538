import { queryOptions, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import type { Run } from "../../../../src/client/client.ts";
import { emptyLog, extendLog, followLog, readLog, type RunLog } from "./read-log.ts";
import { isOver } from "./run-queries.ts";
import type { RunSource, ShownEvent } from "./run-source.ts";

/** What comes in a burst is drawn at once. */
const gatherMs = 100;

function logQuery(source: RunSource) {
  const queryKey = ["run", source.id, "events"] as const;
  return queryOptions({
    queryKey,
    queryFn: ({ client }) => readLog(source, client.getQueryData<RunLog>(queryKey) ?? emptyLog),
    staleTime: Infinity,
    gcTime: 60_000,
    structuralSharing: false,
  });
}

export interface ReadRunLog {
  readonly log: RunLog | undefined;
  readonly error: unknown;
  readonly retry: () => void;
}

/** All events of a run, and those that come while somebody looks, until it has ended and all are there. */
export function useRunLog(source: RunSource, run: Run): ReadRunLog {
  const client = useQueryClient();
  const options = logQuery(source);
  const { data: log, error, refetch } = useQuery(options);
  const [broken, setBroken] = useState<unknown>(null);
  const last = log?.events.at(-1)?.seq ?? 0;
  const mayGrow = log !== undefined && !log.isCut;
  const isFollowed = mayGrow && broken === null && (!isOver(source, run) || last < run.head);
  useEffect(() => {
    if (!isFollowed || source.followEvents === undefined) return undefined;
    const abort = new AbortController();
    const { queryKey } = logQuery(source);
    let gathered: ShownEvent[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    const flush = (): void => {
      const more = gathered;
      [gathered, timer] = [[], undefined];
      client.setQueryData<RunLog>(queryKey, (before) =>
        // Where it is gone from the cache, with who was signed in, it does not come back in parts.
        before === undefined ? undefined : extendLog(before, more),
      );
    };
    const after = client.getQueryData<RunLog>(queryKey)?.events.at(-1)?.seq ?? 0;
    followLog({
      source,
      after,
      signal: abort.signal,
      take(event) {
        gathered.push(event);
        timer ??= setTimeout(flush, gatherMs);
      },
    }).catch(setBroken);
    return () => {
      abort.abort();
      clearTimeout(timer);
      if (gathered.length > 0) flush();
    };
  }, [client, source, isFollowed]);
  return {
    log,
    error: error ?? broken,
    retry: () => {
      setBroken(null);
      void refetch();
    },
  };
}
