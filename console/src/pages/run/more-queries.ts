import { queryOptions } from "@tanstack/react-query";
import type { Run, RunContext } from "../../../../src/client/client.ts";
import type { RunSource } from "./run-source.ts";

/** Read again when the log has grown: it is the log, told otherwise. */
export function explanationQuery(source: RunSource, run: Run) {
  return queryOptions({
    queryKey: ["run", source.id, "explanation", run.head],
    queryFn: () => source.readExplanation(),
    placeholderData: (before) => before,
    staleTime: Infinity,
    gcTime: 30_000,
  });
}

/** The snapshot of a step is made once; what the backend counted comes after it. */
export function contextQuery(source: RunSource, step: number) {
  return queryOptions({
    queryKey: ["run", source.id, "context", step],
    queryFn: () => source.readContext(step),
    placeholderData: (before) => before,
    staleTime: ({ state: { data } }) => (isCounted(data) ? Infinity : 0),
    refetchInterval: ({ state: { data } }) => (source.isLive && !isCounted(data) ? 3_000 : false),
    gcTime: 30_000,
  });
}

const isCounted = (context: RunContext | null | undefined): boolean =>
  context !== undefined && context?.counted !== null;
