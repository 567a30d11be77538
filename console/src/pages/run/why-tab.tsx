import { useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";
import { Empty } from "../../ui/empty.tsx";
import { FaultNotice } from "../../ui/fault-notice.tsx";
import { Select } from "../../ui/field.tsx";
import { useHotkeys } from "../../ui/hotkeys.ts";
import { Inert } from "../../ui/inert.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { VirtualRows } from "../../ui/virtual-rows.tsx";
import { asRunEvent, toPlace } from "./event-line.ts";
import type { RunLog } from "./read-log.ts";
import type { RunTabProps } from "./run-tab.ts";
import { toToolName } from "./span-label.ts";
import { useRunLog } from "./use-run-log.ts";
import { useSearchState, useStep } from "./use-search-state.ts";
import { listWhyCalls, type WhyCall } from "./why-calls.ts";
import { WhyChain } from "./why-chain.tsx";

/** Why a call was made, or was not: who wanted it, who let it, what it was sent with, what proves it. */
export function WhyTab({ source, run }: RunTabProps) {
  const { log, error, retry } = useRunLog(source, run);
  return (
    <div className="h-full min-h-0">
      {error === null ? null : (
        <div className="p-4">
          <FaultNotice error={error} onRetry={retry} />
        </div>
      )}
      {log === undefined ? (
        error === null && <Skeleton rows={10} />
      ) : (
        <Calls source={source} run={run} log={log} />
      )}
    </div>
  );
}

function Calls({ source, run, log }: RunTabProps & { readonly log: RunLog }) {
  const { events } = log;
  const calls = useMemo(() => listWhyCalls(events), [events]);
  const roles = useMemo(() => listRoles(events), [events]);
  const { index, go } = useChosen(calls);
  useHotkeys([
    { keys: "j", title: "Next call", run: () => go(index + 1), repeats: true },
    { keys: "k", title: "Call before", run: () => go(index - 1), repeats: true },
  ]);
  const call = calls[index];
  if (call === undefined)
    return (
      <Empty title="The model has called nothing yet">
        Each call that it asks for stands here with the whole chain: what offered it, which rules
        decided, who agreed, what it was sent with, and its receipt.
      </Empty>
    );
  return (
    <div className="flex h-full min-h-0 flex-col lg:flex-row">
      <div className="hidden w-72 shrink-0 border-r border-line lg:block">
        <VirtualRows
          label="Calls"
          count={calls.length}
          rowPx={44}
          at={index}
          keyOf={(at) => toPlace(calls[at]!)}
          row={(at) => (
            <CallRow call={calls[at]!} isChosen={at === index} onChoose={() => go(at)} />
          )}
        />
      </div>
      <div className="border-b border-line px-4 py-2 lg:hidden">
        <Select
          label="Call"
          value={toPlace(call)}
          options={calls.map((each) => ({
            value: toPlace(each),
            title: `${toPlace(each)} ${toToolName(each.tool)}`,
          }))}
          onChange={(place) => go(calls.findIndex((each) => toPlace(each) === place))}
        />
      </div>
      <div
        className="min-h-0 min-w-0 flex-1 overflow-y-auto p-4 md:p-6"
        tabIndex={0}
        role="region"
        aria-label="Chain"
      >
        <WhyChain key={toPlace(call)} scope={{ source, run, call }} roles={roles} />
      </div>
    </div>
  );
}

/** `?step=3&call=1`: without a call the step's first one, without a step the last call of all. */
function useChosen(calls: readonly WhyCall[]) {
  const step = useStep();
  const [ordinal] = useSearchState("call");
  const navigate = useNavigate();
  const exact = calls.findIndex((call) => call.step === step && String(call.ordinal) === ordinal);
  const ofStep = calls.findIndex((call) => call.step === step);
  const index = exact >= 0 ? exact : ofStep >= 0 ? ofStep : calls.length - 1;
  const go = (to: number): void => {
    const next = calls[Math.max(0, Math.min(calls.length - 1, to))];
    if (next === undefined) return;
    void navigate({
      to: ".",
      replace: true,
      search: (before: Record<string, unknown>) => ({
        ...before,
        step: next.step,
        call: next.ordinal,
      }),
    });
  };
  return { index, go };
}

/** Those that the run acts with. */
function listRoles(events: RunLog["events"]): readonly string[] {
  const first = events[0];
  const event = first === undefined ? null : asRunEvent(first);
  return event?.type === "run.created" ? event.roles : [];
}

const looks: Readonly<Record<string, string>> = {
  answered: "bg-ok",
  completed: "bg-ok",
  denied: "bg-danger",
  unknown: "bg-danger",
  fault: "bg-danger",
  failed: "bg-danger",
};

interface CallRowProps {
  readonly call: WhyCall;
  readonly isChosen: boolean;
  readonly onChoose: () => void;
}

function CallRow({ call, isChosen, onChoose }: CallRowProps) {
  const { tool, ended } = call;
  const look = ended === null ? "bg-line-strong" : (looks[ended.outcome] ?? "bg-warn");
  return (
    <button
      type="button"
      aria-current={isChosen ? "true" : undefined}
      className={`flex h-full w-full items-center gap-3 border-b border-line px-4 text-left text-sm ${isChosen ? "bg-accent-soft" : "hover:bg-hover"}`}
      onClick={onChoose}
    >
      <span aria-hidden className={`size-2 shrink-0 rounded-full ${look}`} />
      <span className="min-w-0 flex-1 truncate">
        <Inert text={toToolName(tool)} />
      </span>
      <span className="text-xs text-muted tabular-nums">{toPlace(call)}</span>
      <span className="sr-only">
        {ended === null ? "not over" : ended.outcome.replaceAll("_", " ")}
      </span>
    </button>
  );
}
