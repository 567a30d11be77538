import { useQuery } from "@tanstack/react-query";
import { useMemo, type ReactNode } from "react";
import { Empty } from "../../ui/empty.tsx";
import { FaultNotice } from "../../ui/fault-notice.tsx";
import { useHotkeys } from "../../ui/hotkeys.ts";
import { Skeleton } from "../../ui/skeleton.tsx";
import { ContextChart } from "./context-chart.tsx";
import { ContextParts } from "./context-parts.tsx";
import { ContextWindow } from "./context-window.tsx";
import { Dropped, KnownFacts, Summary } from "./context-rest.tsx";
import { listKnownFacts } from "./known-facts.ts";
import { listSnapshots, type Snapshot } from "./list-snapshots.ts";
import { contextQuery } from "./more-queries.ts";
import type { RunTabProps } from "./run-tab.ts";
import { StepLinks } from "./step-links.tsx";
import type { RunLog } from "./read-log.ts";
import { useRunLog } from "./use-run-log.ts";
import { useSearchState, useStep } from "./use-search-state.ts";

/** What the model had before it, step by step, and what of its window that took. */
export function ContextTab({ source, run }: RunTabProps) {
  const { log, error, retry } = useRunLog(source, run);
  return (
    <div
      className="h-full overflow-y-auto p-4 md:p-6"
      tabIndex={0}
      role="region"
      aria-label="What stood in the window"
    >
      {error === null ? null : <FaultNotice error={error} onRetry={retry} />}
      {log === undefined ? (
        error === null && <Skeleton rows={10} />
      ) : (
        <Steps source={source} run={run} log={log} />
      )}
    </div>
  );
}

function Steps({ source, run, log }: RunTabProps & { readonly log: RunLog }) {
  const { events } = log;
  const snapshots = useMemo(() => listSnapshots(events), [events]);
  const asked = useStep();
  const [, setStep] = useSearchState("step");
  const at = snapshots.findIndex(({ step }) => step === asked);
  const index = at < 0 ? snapshots.length - 1 : at;
  const go = (to: number): void => {
    const next = snapshots[Math.max(0, Math.min(snapshots.length - 1, to))];
    if (next !== undefined) setStep(String(next.step));
  };
  useHotkeys([
    { keys: "j", title: "Next step", run: () => go(index + 1), repeats: true },
    { keys: "k", title: "Step before", run: () => go(index - 1), repeats: true },
  ]);
  const snapshot = snapshots[index];
  if (snapshot === undefined)
    return (
      <Empty title="The model has not been asked yet">
        With its first turn, what it was shown stands here: instructions, tools, sources and the
        conversation.
      </Empty>
    );
  return (
    <div className="mx-auto grid max-w-6xl gap-4 [&>section]:mb-0">
      <StepChoice snapshots={snapshots} index={index} onGo={go} />
      <OneStep source={source} run={run} snapshot={snapshot} snapshots={snapshots} onGo={go} />
      <KnownFacts facts={listKnownFacts(events, snapshot)} />
    </div>
  );
}

interface StepChoiceProps {
  readonly snapshots: readonly Snapshot[];
  readonly index: number;
  readonly onGo: (index: number) => void;
}

function StepChoice({ snapshots, index, onGo }: StepChoiceProps) {
  const { step } = snapshots[index]!;
  return (
    <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
      <label htmlFor="context-step" className="text-sm font-medium tabular-nums">
        Step {step}
      </label>
      <input
        id="context-step"
        type="range"
        min={0}
        max={Math.max(0, snapshots.length - 1)}
        value={index}
        aria-valuetext={`Step ${step}`}
        className="h-6 min-w-40 flex-1 accent-accent"
        onChange={(event) => onGo(Number(event.target.value))}
      />
      <span className="text-xs text-muted">
        {index + 1} of {snapshots.length}; J and K go on and back
      </span>
    </div>
  );
}

interface OneStepProps extends RunTabProps {
  readonly snapshot: Snapshot;
  readonly snapshots: readonly Snapshot[];
  readonly onGo: (index: number) => void;
}

function OneStep({ source, run, snapshot, snapshots, onGo }: OneStepProps): ReactNode {
  const { step } = snapshot;
  const { data, error, refetch } = useQuery(contextQuery(source, step));
  const index = snapshots.indexOf(snapshot);
  return (
    <>
      <ContextChart
        snapshots={snapshots}
        chosen={index}
        window={data?.window ?? null}
        onGo={onGo}
      />
      <StepLinks step={step} except="context" />
      {data === undefined ? (
        error === null ? (
          <Skeleton rows={8} />
        ) : (
          <FaultNotice error={error} onRetry={() => void refetch()} />
        )
      ) : data === null ? (
        <Empty
          title="What the model was shown is not there"
          {...(source.isLive ? {} : { command: `countersign runs export ${run.id} > run.json` })}
        >
          {source.isLive
            ? "Its texts or its bundle are gone. The bars above are from the log."
            : "The file was written by an older version, without contexts. Export the run again; the bars above are from the log."}
        </Empty>
      ) : (
        <>
          <ContextWindow context={data} />
          <ContextParts source={source} context={data} />
          <Dropped context={data} />
          <Summary context={data} isLive={source.isLive} />
        </>
      )}
    </>
  );
}
