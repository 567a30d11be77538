import { useQuery } from "@tanstack/react-query";
import { Empty } from "../../ui/empty.tsx";
import { FaultNotice } from "../../ui/fault-notice.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { traceQuery } from "./run-queries.ts";
import type { RunTabProps } from "./run-tab.ts";
import { Timeline } from "./timeline.tsx";

/** Who called whom, when, and for how long. */
export function TimelineTab({ source, run }: RunTabProps) {
  const { data: trace, error, refetch } = useQuery(traceQuery(source, run));
  if (trace === undefined) {
    if (error === null) return <Skeleton rows={10} />;
    return (
      <div className="p-4 md:p-6">
        <FaultNotice error={error} onRetry={() => void refetch()} />
      </div>
    );
  }
  if (trace.spans.length === 0)
    return <Empty title="Nothing has happened yet.">Each thing that it does stands here.</Empty>;
  return <Timeline source={source} run={run} trace={trace} />;
}
