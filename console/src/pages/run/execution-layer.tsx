import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { RunExplanation } from "../../../../src/client/client.ts";
import { Badge, type Tone } from "../../ui/badge.tsx";
import { Facts } from "../../ui/facts.tsx";
import { Inert } from "../../ui/inert.tsx";
import { toCount, toMoney } from "../../words/to-amount.ts";
import { toDuration } from "../../words/to-duration.ts";
import { Failed, LayerCard } from "./layer-card.tsx";
import { toToolName } from "./span-label.ts";

type Execution = RunExplanation["execution"];

export interface ExecutionLayerProps {
  readonly execution: Execution;
  readonly isLive: boolean;
}

export function ExecutionLayer({ execution, isLive }: ExecutionLayerProps) {
  const { steps, maxSteps, model, calls, children, slowest, unknown, budget } = execution;
  const { spent, caps, held } = budget;
  const made = Object.values(calls).reduce((sum, times) => sum + times, 0);
  return (
    <LayerCard
      title="Execution"
      layer={execution}
      said={`${steps} of ${maxSteps} steps, ${made} ${made === 1 ? "call" : "calls"} ended, the model answered ${model.answered} of ${model.asked} times.`}
    >
      <Facts
        facts={[
          { name: "Calls", value: <Counts counts={calls} tones={callTones} /> },
          { name: "Sub-agents", value: <Counts counts={children} tones={childTones} /> },
          {
            name: "Spent",
            value: `${toMoney(spent.money)} of ${caps.money === null ? "any" : toMoney(caps.money)}, ${toCount(spent.tokens)} tokens, ${spent.calls} ${spent.calls === 1 ? "call" : "calls"}${Number(held.money) === 0 ? "" : `; ${toMoney(held.money)} held`}`,
          },
          ...(slowest.length === 0
            ? []
            : [{ name: "Slowest", value: <Slowest slowest={slowest} /> }]),
        ]}
      />
      <FailedAsks failed={model.failed} />
      <Denials denials={execution.denials} />
      <Asks asks={execution.asks} isLive={isLive} />
      <Places title="Nobody knows whether these were carried out" places={unknown} isBad />
      <Places title="Under way at its last event" places={execution.open} />
    </LayerCard>
  );
}

type Tones = Readonly<Record<string, Tone>>;
const callTones: Tones = {
  answered: "ok",
  tool_error: "warn",
  denied: "danger",
  unavailable: "warn",
  fault: "danger",
  unknown: "danger",
};
const childTones: Tones = { completed: "ok", partial: "warn", failed: "danger" };

function Counts({
  counts,
  tones,
}: {
  readonly counts: Readonly<Record<string, number>>;
  readonly tones: Tones;
}) {
  const said = Object.entries(counts).filter(([, times]) => times > 0);
  if (said.length === 0) return "none";
  return (
    <span className="flex flex-wrap gap-1.5">
      {said.map(([word, times]) => (
        <Badge key={word} tone={tones[word] ?? "neutral"}>
          {times} {word.replaceAll("_", " ")}
        </Badge>
      ))}
    </span>
  );
}

function Slowest({ slowest }: Pick<Execution, "slowest">) {
  return (
    <ol className="grid gap-0.5">
      {slowest.map(({ what, step, ordinal, name, ms }) => (
        <li key={`${what} ${step} ${ordinal}`} className="flex flex-wrap gap-x-3">
          <span className="w-16 tabular-nums">{toDuration(ms)}</span>
          <StepLink tab={what === "model" ? "context" : "why"} step={step} ordinal={ordinal}>
            <Inert text={toToolName(name)} /> in step {step}
          </StepLink>
        </li>
      ))}
    </ol>
  );
}

export interface StepLinkProps {
  readonly tab: "context" | "why";
  readonly step: number;
  readonly ordinal: number | null;
  readonly children: ReactNode;
}

/** To the same step in another view of the same page. */
export function StepLink({ tab, step, ordinal, children }: StepLinkProps) {
  return (
    <Link
      to="."
      search={{ tab, step, ...(ordinal === null ? {} : { call: ordinal }) }}
      className="text-accent hover:underline"
    >
      {children}
    </Link>
  );
}

function Part({
  title,
  isBad = false,
  children,
}: {
  readonly title: string;
  readonly isBad?: boolean;
  readonly children: ReactNode;
}) {
  return (
    <div className="mt-3">
      <h3 className={`text-xs font-medium ${isBad ? "text-danger" : "text-muted"}`}>{title}</h3>
      <ul className="mt-1 grid gap-1 text-sm">{children}</ul>
    </div>
  );
}

function FailedAsks({ failed }: Pick<Execution["model"], "failed">) {
  if (failed.length === 0) return null;
  return (
    <Part title="The model did not answer">
      {failed.map(({ step, at, failure }) => (
        <li key={at} className="flex flex-wrap gap-x-3">
          <span>step {step}</span>
          <Failed failure={failure} />
        </li>
      ))}
    </Part>
  );
}

function Denials({ denials }: Pick<Execution, "denials">) {
  if (denials.length === 0) return null;
  return (
    <Part title="Denied" isBad>
      {denials.map(({ step, ordinal, tool, rule }) => (
        <li key={`${step}.${ordinal}`}>
          <StepLink tab="why" step={step} ordinal={ordinal}>
            <Inert text={toToolName(tool)} />
          </StepLink>{" "}
          {rule === null ? (
            "by a rule that is not told here"
          ) : (
            <>
              by the rule <code className="font-mono text-xs">{rule}</code>
            </>
          )}
        </li>
      ))}
    </Part>
  );
}

function Asks({ asks, isLive }: ExecutionAsks) {
  if (asks.length === 0) return null;
  return (
    <Part title="A person was asked">
      {asks.map(({ step, ordinal, tool, approval, at, decided, outcome }) => (
        <li key={`${step}.${ordinal}`} className="flex flex-wrap gap-x-2">
          <StepLink tab="why" step={step} ordinal={ordinal}>
            <Inert text={toToolName(tool)} />
          </StepLink>
          <span>
            {outcome ?? "not decided yet"}
            {decided === null ? "" : ` after ${toDuration(Date.parse(decided) - Date.parse(at))}`}
          </span>
          {isLive && approval !== null ? (
            <Link
              to="/approvals/$id"
              params={{ id: approval }}
              className="text-accent hover:underline"
            >
              approval
            </Link>
          ) : null}
        </li>
      ))}
    </Part>
  );
}

type ExecutionAsks = Pick<Execution, "asks"> & { readonly isLive: boolean };

function Places({
  title,
  places,
  isBad = false,
}: {
  readonly title: string;
  readonly places: Execution["open"];
  readonly isBad?: boolean;
}) {
  if (places.length === 0) return null;
  return (
    <Part title={title} isBad={isBad}>
      {places.map(({ step, ordinal, tool }) => (
        <li key={`${step}.${ordinal}`}>
          <StepLink tab="why" step={step} ordinal={ordinal}>
            <Inert text={toToolName(tool)} />
          </StepLink>{" "}
          in step {step}
        </li>
      ))}
    </Part>
  );
}
