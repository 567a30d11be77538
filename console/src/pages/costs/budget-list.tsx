import { useQuery } from "@tanstack/react-query";
import type { Budgets } from "../../../../src/client/client.ts";
import { toPlainInert } from "../../../../src/lib/inert-text.ts";
import { useClient } from "../../shell/use-session.ts";
import { FaultNotice } from "../../ui/fault-notice.tsx";
import { Meter } from "../../ui/meter.tsx";
import { Section } from "../../ui/page.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { Time } from "../../ui/time.tsx";
import { toCount, toMoney } from "../../words/to-amount.ts";

type Budget = Budgets["budgets"][number];
const everyMs = 10_000;
const shown = 5;

/** How full each configured budget is in the period that runs. */
export function BudgetList() {
  const client = useClient();
  const { data, error, refetch } = useQuery({
    queryKey: ["budgets"],
    queryFn: async () => (await client.listBudgets()).body.budgets,
    refetchInterval: everyMs,
  });
  return (
    <Section title="Budgets" aside="what is set aside by replicas counts as used">
      {data === undefined ? (
        error === null ? (
          <Skeleton rows={2} />
        ) : (
          <FaultNotice error={error} onRetry={() => void refetch()} />
        )
      ) : data.length === 0 ? (
        <p className="text-sm text-muted">
          No budget is configured. One like{" "}
          <code className="font-mono text-xs text-ink">
            budgets: {"{"} daily: {"{"} each: tenant, money: &quot;50.00&quot; {"}"} {"}"}
          </code>{" "}
          ends calls before they cost more than that in a day.
        </p>
      ) : (
        <ul className="grid gap-x-8 gap-y-5 md:grid-cols-2">
          {data.map((budget) => (
            <li key={`${budget.name} ${budget.kind}`}>
              <Filled budget={budget} />
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}

function Filled({ budget }: { readonly budget: Budget }) {
  const { name, kind, each, per, cap, ends, shares, fullest } = budget;
  const toText = (amount: string): string =>
    kind === "money" ? toMoney(amount) : `${toCount(Number(amount))} calls`;
  const rest = shares - Math.min(shown, fullest.length);
  return (
    <div className="min-w-0">
      <p className="flex flex-wrap items-baseline gap-x-2 text-sm">
        <span className="font-medium">{name}</span>
        <span className="text-xs text-muted">
          {toText(cap)} a {per} for each {each}, begins anew <Time at={ends} />
        </span>
      </p>
      {fullest.length === 0 ? (
        <p className="mt-1 text-xs text-muted">Nothing of it is used.</p>
      ) : (
        <ul className="mt-2 grid gap-2">
          {fullest.slice(0, shown).map((share, place) => (
            <li key={place}>
              <Meter
                label={share.name === null ? `a ${each} that is not known here` : inert(share.name)}
                text={`${toText(share.used)} used, ${toText(toLeft(cap, share.used))} left`}
                share={Number(cap) === 0 ? 1 : Number(share.used) / Number(cap)}
              />
            </li>
          ))}
        </ul>
      )}
      {rest <= 0 ? null : <p className="mt-2 text-xs text-muted">{toCount(rest)} more use less.</p>}
    </div>
  );
}

/** A lowered cap may leave less than nothing. */
function toLeft(cap: string, used: string): string {
  return Math.max(0, Number(cap) - Number(used)).toFixed(6);
}

const inert = (name: string): string => toPlainInert(name);
