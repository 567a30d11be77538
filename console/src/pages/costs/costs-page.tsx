import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link, useSearch } from "@tanstack/react-router";
import type { Costs } from "../../../../src/client/client.ts";
import { useClient } from "../../shell/use-session.ts";
import { Empty } from "../../ui/empty.tsx";
import { FaultNotice } from "../../ui/fault-notice.tsx";
import { Page } from "../../ui/page.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { toCount, toMoney } from "../../words/to-amount.ts";
import { BudgetList } from "./budget-list.tsx";
import { DearestRuns } from "./dearest-runs.tsx";
import { DayChart } from "./day-chart.tsx";
import { parseDays, ranges, toOutside } from "./cost-sums.ts";
import { PartTable } from "./part-table.tsx";

const everyMs = 30_000;

/** What was spent, on what, by whom, and what is left. Days are whole ones in UTC, as the server sums them. */
export function CostsPage() {
  const search: Readonly<Record<string, unknown>> = useSearch({ strict: false });
  const days = parseDays(search["days"]);
  const client = useClient();
  const { data, error, refetch } = useQuery({
    queryKey: ["costs", days],
    queryFn: async () => (await client.readCosts({ days })).body,
    refetchInterval: everyMs,
    placeholderData: keepPreviousData,
  });
  return (
    <Page title="Costs" actions={<Ranges days={days} />}>
      {error !== null && data === undefined ? (
        <FaultNotice error={error} onRetry={() => void refetch()} />
      ) : data === undefined ? (
        <Skeleton rows={10} />
      ) : data.kept === null ? (
        <>
          <Nothing />
          <BudgetList />
        </>
      ) : (
        <Shown costs={data} />
      )}
    </Page>
  );
}

function Ranges({ days }: { readonly days: number }) {
  return (
    <nav aria-label="Range" className="flex rounded-md border border-line-strong p-0.5">
      {ranges.map((range) => (
        <Link
          key={range.days}
          to="/costs"
          search={range.days === 7 ? {} : { days: range.days }}
          replace
          activeOptions={{ exact: true }}
          className={`rounded px-2.5 py-1 text-xs ${
            range.days === days
              ? "bg-accent-soft font-medium text-accent"
              : "text-muted hover:text-ink"
          }`}
        >
          {range.title}
        </Link>
      ))}
    </nav>
  );
}

function Shown({ costs }: { readonly costs: Costs }) {
  const { agents, sources, subjects, total } = costs;
  return (
    <div className="mx-auto max-w-6xl">
      <Totals costs={costs} />
      <Notes costs={costs} />
      <DayChart costs={costs} />
      <BudgetList />
      <div className="grid gap-x-6 lg:grid-cols-2">
        <PartTable title="By agent" noun="Agent" none="no agent" named={agents} total={total} />
        <PartTable
          title="By model and tool"
          noun="Model or tool"
          none="not known which"
          named={sources}
          total={total}
        />
        <PartTable
          title="By whom it is for"
          noun="Who"
          none="erased"
          named={subjects}
          total={total}
        />
        <DearestRuns costs={costs} />
      </div>
    </div>
  );
}

function Totals({ costs }: { readonly costs: Costs }) {
  const { total, completed, perCompleted } = costs;
  const outside = toOutside(costs);
  const facts = [
    { name: "Spent", value: toMoney(total.money), more: `${toCount(total.tokens)} tokens` },
    {
      name: "For each completed run",
      value: perCompleted === null ? "—" : toMoney(perCompleted),
      more:
        completed === null
          ? "too many to be counted"
          : completed === 0
            ? "none was completed"
            : `${toCount(completed)} completed, failed ones paid with them`,
    },
    {
      name: "In runs",
      value: toMoney(costs.runs.money),
      more: `${toCount(costs.runs.tokens)} tokens`,
    },
    {
      name: "Outside of runs",
      value: toMoney(outside.money),
      more: `${toCount(outside.tokens)} tokens, asked by agents built elsewhere`,
    },
  ];
  return (
    <dl className="mb-6 grid grid-cols-2 gap-3 lg:grid-cols-4">
      {facts.map(({ name, value, more }) => (
        <div key={name} className="rounded-lg border border-line bg-surface px-4 py-3">
          <dt className="text-xs text-muted">{name}</dt>
          <dd className="mt-1">
            <span className="block text-xl font-semibold tracking-tight tabular-nums">{value}</span>
            <span className="block text-xs text-muted">{more}</span>
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** What these sums do not say. */
function Notes({ costs }: { readonly costs: Costs }) {
  const { from, since, cut, kept, unknown } = costs;
  const notes = [
    cut && since !== null
      ? `There is more than can be added up at once: all sums here begin on ${since}.`
      : null,
    cut && since === null ? "Today alone is more than can be added up at once." : null,
    kept !== null && kept > from ? `Nothing is kept from before ${kept}.` : null,
    unknown > 0
      ? `${toCount(unknown)} ${unknown === 1 ? "answer" : "answers"} of models could not be priced, and ${unknown === 1 ? "is" : "are"} in no sum of money.`
      : null,
  ].filter((note) => note !== null);
  if (notes.length === 0) return null;
  return (
    <ul className="mb-6 grid gap-1 rounded-lg border border-line bg-sunken px-4 py-3 text-sm">
      {notes.map((note) => (
        <li key={note}>{note}</li>
      ))}
    </ul>
  );
}

const pricesExample = `models:
  backends:
    large:
      prices: { input: "3", output: "15" }`;

function Nothing() {
  return (
    <Empty title="Nothing was spent yet" command={pricesExample}>
      Each answer of a model and each call of a tool that has a price is counted here, from the
      moment it is made. What a model costs its prices in the configuration say.
    </Empty>
  );
}
