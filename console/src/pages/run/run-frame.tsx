import { useQuery } from "@tanstack/react-query";
import { CatchBoundary } from "@tanstack/react-router";
import { Suspense } from "react";
import type { Run } from "../../../../src/client/client.ts";
import { Crash } from "../../shell/crash.tsx";
import { Badge } from "../../ui/badge.tsx";
import { FaultNotice } from "../../ui/fault-notice.tsx";
import { Page } from "../../ui/page.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { Tabs } from "../../ui/tabs.tsx";
import { runStateWords } from "../../words/run-state.ts";
import { RunActions } from "./run-actions.tsx";
import { RunHead } from "./run-head.tsx";
import { runQuery } from "./run-queries.ts";
import type { RunSource } from "./run-source.ts";
import { runTabs } from "./run-tabs.ts";
import { useSearchState } from "./use-search-state.ts";

/** One run, wherever it is read from: how it stands, and the views of it, each with an address. */
export function RunFrame({ source }: { readonly source: RunSource }) {
  const { data: run, error, refetch } = useQuery(runQuery(source));
  if (run === undefined)
    return (
      <Page title="Run">
        {error === null ? (
          <Skeleton rows={8} />
        ) : (
          <FaultNotice error={error} onRetry={() => void refetch()} />
        )}
      </Page>
    );
  return <Loaded source={source} run={run} />;
}

function Loaded({ source, run }: { readonly source: RunSource; readonly run: Run }) {
  const [tab] = useSearchState("tab");
  const chosen = runTabs.find(({ name }) => name === tab) ?? runTabs[0]!;
  const { tone, meaning } = runStateWords[run.state];
  return (
    <Page
      title={run.agent}
      aside={
        <Badge tone={tone} title={meaning}>
          {run.state}
        </Badge>
      }
      actions={source.isLive ? <RunActions run={run} /> : null}
      fills
    >
      <div className="flex h-full min-h-0 flex-col">
        <RunHead source={source} run={run} />
        <Tabs tabs={runTabs} chosen={chosen.name} />
        <section aria-label={chosen.title} className="min-h-0 flex-1">
          <CatchBoundary getResetKey={() => chosen.name} errorComponent={Crash}>
            <Suspense fallback={<Skeleton />}>
              <chosen.View key={`${source.id} ${chosen.name}`} source={source} run={run} />
            </Suspense>
          </CatchBoundary>
        </section>
      </div>
    </Page>
  );
}
