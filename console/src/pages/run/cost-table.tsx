import { Link } from "@tanstack/react-router";
import { Inert } from "../../ui/inert.tsx";
import { Table, type Column } from "../../ui/table.tsx";
import { toCount, toMoney } from "../../words/to-amount.ts";
import type { CostRow } from "./sum-costs.ts";

export interface CostTableProps {
  readonly label: string;
  /** What the rows are. */
  readonly first: string;
  readonly rows: readonly CostRow[];
  readonly hasTokens?: boolean;
  readonly linksSteps?: boolean;
}

/** As many as a table draws at once: those that cost most. */
const mostRows = 200;

function weigh({ micros, tokens }: CostRow): number {
  return micros * 1_000_000 + tokens;
}

export function CostTable({ label, first, rows, hasTokens, linksSteps }: CostTableProps) {
  const largest = Math.max(...rows.map(({ micros }) => micros));
  const costly = rows.toSorted((one, other) => weigh(other) - weigh(one)).slice(0, mostRows);
  // Steps stay in their order, whichever of them are left.
  const shown = linksSteps === true ? rows.filter((row) => costly.includes(row)) : costly;
  const columns: readonly Column<CostRow>[] = [
    {
      title: first,
      cell: ({ name }) =>
        linksSteps === true ? (
          <Link
            to="."
            search={{ tab: "conversation", step: Number(name) }}
            className="text-accent tabular-nums hover:underline"
          >
            {name}
          </Link>
        ) : (
          <Inert text={name} />
        ),
    },
    {
      title: "Money",
      numeric: true,
      cell: ({ micros }) => (
        <span className="flex items-center justify-end gap-2">
          <span aria-hidden="true" className="hidden h-1.5 w-24 rounded-full bg-sunken md:block">
            <span
              className="block h-full rounded-full bg-accent"
              style={{ width: `${largest === 0 ? 0 : (micros / largest) * 100}%` }}
            />
          </span>
          <span className="w-16">{toMoney(String(micros / 1_000_000))}</span>
        </span>
      ),
    },
    ...(hasTokens === true
      ? ([
          { title: "Tokens in", numeric: true, cell: ({ input }) => toCount(input) },
          { title: "Cached", numeric: true, wide: true, cell: ({ cached }) => toCount(cached) },
          { title: "Out", numeric: true, cell: ({ output }) => toCount(output) },
        ] as const satisfies readonly Column<CostRow>[])
      : []),
    {
      title: linksSteps === true ? "Calls" : "Times",
      numeric: true,
      cell: ({ calls, times }) => toCount(linksSteps === true ? calls : times),
    },
  ];
  return (
    <>
      <Table label={label} columns={columns} rows={shown} keyOf={({ name }) => name} />
      {rows.length > mostRows ? (
        <p className="mt-2 text-xs text-muted">
          The {mostRows} of {rows.length} that cost most are shown.
        </p>
      ) : null}
    </>
  );
}
