import type { Costs } from "../../../../src/client/client.ts";
import { Section } from "../../ui/page.tsx";
import { Table } from "../../ui/table.tsx";
import { toCount, toMoney } from "../../words/to-amount.ts";
import { toDayBars, type DayBar } from "./cost-sums.ts";

/** A bar for each day; the same as a table for whoever would rather read it. */
export function DayChart({ costs }: { readonly costs: Costs }) {
  const bars = toDayBars(costs);
  if (bars.length < 2) return null;
  return (
    <Section title="By day" aside="days in UTC">
      <Bars bars={bars} />
      <details className="mt-3 text-sm">
        <summary className="text-xs text-muted">As a table</summary>
        <Table
          label="Spent by day"
          rows={bars.toReversed()}
          keyOf={({ day }) => day}
          columns={[
            { title: "Day", cell: ({ day }) => day },
            { title: "Spent", numeric: true, cell: ({ money }) => toMoney(money) },
            { title: "Tokens", numeric: true, cell: ({ tokens }) => toCount(tokens) },
          ]}
        />
      </details>
    </Section>
  );
}

function Bars({ bars }: { readonly bars: readonly DayBar[] }) {
  const dearest = bars.reduce((most, bar) => (bar.share > most.share ? bar : most), bars[0]!);
  return (
    <div aria-hidden="true">
      <p className="mb-1 text-2xs text-muted tabular-nums">{toMoney(dearest.money)}</p>
      <div className="flex h-36 items-end gap-px border-t border-dashed border-line sm:gap-1">
        {bars.map((bar) => (
          <div
            key={bar.day}
            title={`${bar.day}: ${toMoney(bar.money)}, ${toCount(bar.tokens)} tokens`}
            className="group flex h-full min-w-0 flex-1 items-end rounded-t hover:bg-hover"
          >
            <div
              className="min-h-px w-full rounded-t bg-accent opacity-80 group-hover:opacity-100"
              style={{ height: `${bar.share * 100}%` }}
            />
          </div>
        ))}
      </div>
      <div className="mt-1 flex justify-between border-t border-line pt-1 text-2xs text-muted tabular-nums">
        <span>{bars[0]!.day}</span>
        <span>{bars.at(-1)!.day}</span>
      </div>
    </div>
  );
}
