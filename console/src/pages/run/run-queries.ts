import { queryOptions } from "@tanstack/react-query";
import type { Run } from "../../../../src/client/client.ts";
import { runStates } from "../../../../src/model/run-states.ts";
import { isTerminal } from "../../../../src/model/state-table.ts";
import type { RunSource } from "./run-source.ts";

const movingMs = 2_000;
/** Somebody may tell it to go on, here or elsewhere. */
const restingMs = 5_000;
/** What sub-agents do changes their run's trace and none of its own events. */
const treeMs = 3_000;

/** Nothing follows: neither events nor another state. */
export function isOver(source: RunSource, { state }: Pick<Run, "state">): boolean {
  return !source.isLive || isTerminal(runStates, state);
}

/** States in which it does something, or will by itself. */
export const moving: ReadonlySet<Run["state"]> = new Set(["queued", "running", "waiting"]);

/** What is cached of a run stands below `["run", id]`: after an action, that is asked for again. */
export function runQuery(source: RunSource) {
  return queryOptions({
    queryKey: ["run", source.id, "report"],
    queryFn: () => source.readRun(),
    refetchInterval: ({ state: { data } }) => {
      if (data === undefined) return source.isLive ? restingMs : false;
      if (isOver(source, data)) return false;
      return moving.has(data.state) ? movingMs : restingMs;
    },
  });
}

/** Read again when its log has grown, and at no other time: spans are the log, seen from aside. */
export function traceQuery(source: RunSource, run: Run) {
  const hasTree = run.children.length > 0 && moving.has(run.state);
  return queryOptions({
    queryKey: ["run", source.id, "trace", run.head],
    queryFn: () => source.readTrace(),
    placeholderData: (before) => before,
    staleTime: hasTree ? 0 : Infinity,
    gcTime: 30_000,
    refetchInterval: source.isLive && hasTree ? treeMs : false,
  });
}

/** When the last thing happened in it. */
export function lastEventQuery(source: RunSource, { head }: Run) {
  return queryOptions({
    queryKey: ["run", source.id, "last", head],
    queryFn: async () => (await source.readEvents(head - 1)).events.at(-1)?.event.atMs ?? null,
    staleTime: Infinity,
  });
}

export function contentQuery(source: RunSource, digest: string) {
  return queryOptions({
    queryKey: ["run", source.id, "content", digest],
    queryFn: () => source.readContent(digest),
    // A digest names one text for ever, and a long conversation is not kept whole.
    staleTime: Infinity,
    gcTime: 60_000,
  });
}
