import { Link } from "@tanstack/react-router";
import type { Costs } from "../../../../src/client/client.ts";
import { Inert } from "../../ui/inert.tsx";
import { Section } from "../../ui/page.tsx";
import { Table } from "../../ui/table.tsx";
import { toCount, toMoney, toShort } from "../../words/to-amount.ts";

const shown = 10;

export function DearestRuns({ costs }: { readonly costs: Costs }) {
  return (
    <Section title="Dearest runs" aside="what each spent in this time, without its sub-agents">
      {costs.dearest.length === 0 ? (
        <p className="text-sm text-muted">No run has spent anything in this time.</p>
      ) : (
        <Table
          label="Dearest runs"
          rows={costs.dearest.slice(0, shown)}
          keyOf={({ run }) => run}
          columns={[
            {
              title: "Run",
              cell: ({ run }) => (
                <Link
                  to="/runs/$id"
                  params={{ id: run }}
                  search={{ tab: "cost" }}
                  className="font-mono text-xs text-accent underline underline-offset-2"
                >
                  {toShort(run)}
                </Link>
              ),
            },
            {
              title: "Agent",
              cell: ({ agent }) => (agent === null ? "" : <Inert text={agent} />),
            },
            { title: "Tokens", numeric: true, wide: true, cell: ({ tokens }) => toCount(tokens) },
            { title: "Spent", numeric: true, cell: ({ money }) => toMoney(money) },
          ]}
        />
      )}
    </Section>
  );
}
