import { useMemo } from "react";
import type { Run } from "../../../../src/client/client.ts";
import { Empty } from "../../ui/empty.tsx";
import { FaultNotice } from "../../ui/fault-notice.tsx";
import { Section } from "../../ui/page.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { toCount, toMoney } from "../../words/to-amount.ts";
import { CostLine } from "./cost-line.tsx";
import { CostTable } from "./cost-table.tsx";
import type { RunTabProps } from "./run-tab.ts";
import { sumCosts, type CostSums } from "./sum-costs.ts";
import { useRunLog } from "./use-run-log.ts";

/** What the run has cost, where that went, and how near it came to its caps. */
export function CostTab({ source, run }: RunTabProps) {
  const { log, error, retry } = useRunLog(source, run);
  const sums = useMemo(() => sumCosts(log?.events ?? []), [log]);
  if (log === undefined && error === null) return <Skeleton rows={10} />;
  return (
    <div className="h-full overflow-y-auto p-4 md:p-6">
      {error === null ? null : <FaultNotice error={error} onRetry={retry} />}
      {sums.points.length === 0 ? (
        <Empty title="Nothing has been spent yet.">
          Money, tokens and calls stand here by step, by model and by tool.
        </Empty>
      ) : (
        <Sums run={run} sums={sums} />
      )}
    </div>
  );
}

function Sums({ run, sums }: { readonly run: Run; readonly sums: CostSums }) {
  const { total, steps, models, tools } = sums;
  const below = Number(run.budget.spent.money) - total.micros / 1_000_000;
  const cachedShare = total.input === 0 ? null : total.cached / total.input;
  const facts = [
    { name: "money", value: toMoney(String(total.micros / 1_000_000)) },
    { name: "tokens in", value: toCount(total.input) },
    {
      name: "from the cache",
      value:
        cachedShare === null
          ? toCount(total.cached)
          : `${toCount(total.cached)} (${Math.round(cachedShare * 100)}%)`,
    },
    { name: "tokens out", value: toCount(total.output) },
    { name: "calls", value: toCount(total.calls) },
  ];
  return (
    <div className="mx-auto max-w-5xl">
      <dl className="mb-6 grid grid-cols-2 gap-x-6 gap-y-3 md:grid-cols-5">
        {facts.map(({ name, value }) => (
          <div key={name}>
            <dt className="text-xs text-muted">{name}</dt>
            <dd className="text-lg font-semibold tabular-nums">{value}</dd>
          </div>
        ))}
      </dl>
      {below > 0.000_001 && run.children.length > 0 ? (
        <p className="mb-6 text-sm text-muted">
          Its sub-agents spent {toMoney(String(below))} more, which counts against the caps of this
          run. Each of their runs tells where that went.
        </p>
      ) : null}
      <Section title="Up to its caps">
        <CostLine points={sums.points} caps={run.budget.caps} />
      </Section>
      <Section title="By step">
        <CostTable label="Cost by step" first="Step" rows={steps} hasTokens linksSteps />
      </Section>
      <Section title="By model">
        <CostTable label="Cost by model" first="Backend" rows={models} hasTokens />
      </Section>
      <Section title="By tool">
        {tools.length === 0 ? (
          <p className="text-sm text-muted">It has called no tool.</p>
        ) : (
          <CostTable label="Cost by tool" first="Tool" rows={tools} />
        )}
      </Section>
    </div>
  );
}
