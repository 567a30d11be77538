import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Run } from "../../../../src/client/client.ts";
import { Copy } from "../../ui/copy.tsx";
import { Inert, InertLine } from "../../ui/inert.tsx";
import { Meter } from "../../ui/meter.tsx";
import { useNowMs } from "../../ui/now.ts";
import { Time } from "../../ui/time.tsx";
import { toCount, toMoney, toShort } from "../../words/to-amount.ts";
import { toDuration, toRelative } from "../../words/to-duration.ts";
import { toRemedy } from "../../words/run-reason.ts";
import { lastEventQuery, moving } from "./run-queries.ts";
import type { RunSource } from "./run-source.ts";

export interface RunHeadProps {
  readonly source: RunSource;
  readonly run: Run;
}

/** What somebody on call wants to know before anything else. */
export function RunHead({ source, run }: RunHeadProps) {
  return (
    <div className="shrink-0 border-b border-line bg-surface px-4 py-2.5 md:px-6">
      <div className="flex flex-wrap items-center gap-x-4 gap-y-1 text-xs text-muted">
        <Copy text={run.id} label="run's id" />
        <span>
          started <Time at={run.createdAt} />
        </span>
        <Took source={source} run={run} />
        <span className="max-w-48 truncate" title={run.subject}>
          for <InertLine text={run.subject} />
        </span>
        <Relatives run={run} isLive={source.isLive} />
      </div>
      <Meters run={run} />
      <Reason run={run} />
      <Waits run={run} isLive={source.isLive} />
    </div>
  );
}

function Took({ source, run }: RunHeadProps) {
  const isAtRest = !moving.has(run.state);
  const { data: endMs = null } = useQuery({ ...lastEventQuery(source, run), enabled: isAtRest });
  return (
    <span className="min-w-20 tabular-nums">
      {isAtRest ? (
        endMs === null ? null : (
          `took ${toDuration(Math.max(0, endMs - Date.parse(run.createdAt)))}`
        )
      ) : (
        <Going sinceMs={Date.parse(run.createdAt)} />
      )}
    </span>
  );
}

function Going({ sinceMs }: { readonly sinceMs: number }) {
  const nowMs = useNowMs();
  return `for ${toDuration(Math.max(0, nowMs - sinceMs))}`;
}

function Meters({ run }: { readonly run: Run }) {
  const { spent, held, caps } = run.budget;
  const shareOf = (value: number, cap: number | null): number | null =>
    cap === null ? null : cap === 0 ? 1 : value / cap;
  const meters = [
    { label: "Steps", has: run.steps, held: 0, cap: run.maxSteps, show: toCount },
    {
      label: "Money",
      has: Number(spent.money),
      held: Number(held.money),
      cap: caps.money === null ? null : Number(caps.money),
      show: (value: number) => toMoney(String(value)),
    },
    { label: "Tokens", has: spent.tokens, held: held.tokens, cap: caps.tokens, show: toCount },
    { label: "Calls", has: spent.calls, held: held.calls, cap: caps.calls, show: toCount },
  ];
  return (
    <div className="mt-2 grid max-w-3xl grid-cols-2 gap-x-6 gap-y-1.5 md:grid-cols-4">
      {meters.map(({ label, has, held: kept, cap, show }) => (
        <Meter
          key={label}
          label={label}
          text={cap === null ? show(has) : `${show(has)} of ${show(cap)}`}
          share={shareOf(has, cap)}
          held={shareOf(kept, cap) ?? 0}
        />
      ))}
    </div>
  );
}

/** Why it does not go on, and what somebody can do about that. */
function Reason({ run }: { readonly run: Run }) {
  const { state, reason } = run;
  if (reason === null && state !== "partial") return null;
  const count = (wanted: string): number =>
    run.calls.filter((call) => call.state === wanted).length;
  const code = reason?.code ?? "partial";
  const detail =
    reason?.detail ??
    `${count("done")} done, ${count("open")} open, ${count("unknown")} of which nobody knows.`;
  return (
    <div className="mt-2.5 rounded-md bg-danger-soft px-3 py-2 text-sm">
      <p className="font-medium text-danger">
        {state}
        {code === state ? null : (
          <>
            : <code className="font-mono text-xs">{code}</code>
          </>
        )}{" "}
        <span className="font-normal text-ink">
          <Inert text={detail} />
        </span>
      </p>
      <p className="mt-0.5 text-ink">{toRemedy(code)}</p>
    </div>
  );
}

const linkLook = "text-accent hover:underline";

export function RunLink({ id, isLive }: { readonly id: string; readonly isLive: boolean }) {
  if (!isLive) return <code className="font-mono">{toShort(id)}</code>;
  return (
    <Link to="/runs/$id" params={{ id }} search={{}} className={`font-mono ${linkLook}`} title={id}>
      {toShort(id)}
    </Link>
  );
}

const childrenShown = 6;

function Relatives({ run, isLive }: { readonly run: Run; readonly isLive: boolean }) {
  const { parent, children } = run;
  return (
    <>
      {parent === null ? null : (
        <span>
          called by <RunLink id={parent} isLive={isLive} />
        </span>
      )}
      {children.length === 0 ? null : (
        <span className="flex flex-wrap gap-x-2">
          {children.length === 1 ? "sub-agent" : `${children.length} sub-agents`}
          {children.slice(0, childrenShown).map((id) => (
            <RunLink key={id} id={id} isLive={isLive} />
          ))}
          {children.length > childrenShown ? "and more, in the timeline" : null}
        </span>
      )}
    </>
  );
}

const waitsShown = 4;

function Waits({ run, isLive }: { readonly run: Run; readonly isLive: boolean }) {
  const { waits } = run;
  if (waits.length === 0) return null;
  return (
    <ul className="mt-2.5 grid gap-1 rounded-md bg-warn-soft px-3 py-2 text-sm">
      {waits.slice(0, waitsShown).map((wait, index) => (
        <li key={index} className="flex flex-wrap items-baseline gap-x-3">
          <Wait wait={wait} isLive={isLive} />
        </li>
      ))}
      {waits.length > waitsShown ? <li>{waits.length - waitsShown} more</li> : null}
    </ul>
  );
}

const awaited = {
  timer: "a time",
  credential: "somebody's consent",
  signal: "a signal",
} as const;

function Wait({ wait, isLive }: { readonly wait: Run["waits"][number]; readonly isLive: boolean }) {
  const { kind, until, tool, approval, run } = wait;
  if (kind === "run")
    return (
      <span>
        Waits for the sub-agent <RunLink id={run ?? ""} isLive={isLive} />
      </span>
    );
  if (kind !== "approval")
    return (
      <span>
        Waits for {awaited[kind]} <Until at={until} />
      </span>
    );
  return (
    <>
      <span>
        Waits for a person to decide on{" "}
        <code className="font-mono text-xs">
          <Inert text={tool ?? "a call"} />
        </code>{" "}
        <Until at={until} />
      </span>
      {isLive && approval !== null ? (
        <Link to="/approvals/$id" params={{ id: approval }} search={{}} className={linkLook}>
          To the approval
        </Link>
      ) : null}
    </>
  );
}

function Until({ at }: { readonly at: string | null }): ReactNode {
  const nowMs = useNowMs();
  if (at === null) return null;
  const atMs = Date.parse(at);
  return (
    <span className="text-muted tabular-nums">
      {atMs > nowMs ? `(ends ${toRelative(atMs, nowMs)})` : "(its time is over)"}
    </span>
  );
}
