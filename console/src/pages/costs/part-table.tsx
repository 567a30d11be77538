import { Badge } from "../../ui/badge.tsx";
import { Inert } from "../../ui/inert.tsx";
import { Section } from "../../ui/page.tsx";
import { Table } from "../../ui/table.tsx";
import { toCount, toMoney } from "../../words/to-amount.ts";
import { toParts, type Amount, type Part } from "./cost-sums.ts";

export interface PartTableProps {
  readonly title: string;
  readonly noun: string;
  /** What stands where nobody is named. */
  readonly none: string;
  readonly named: Parameters<typeof toParts>[0];
  readonly total: Amount;
}

const shownAtFirst = 10;

/** Parts of the whole, the dearest first. The bars are in the table: it is read as well as seen. */
export function PartTable({ title, noun, none, named, total }: PartTableProps) {
  const { parts, rest } = toParts(named, total);
  const [first, more] = [parts.slice(0, shownAtFirst), parts.slice(shownAtFirst)];
  const table = (rows: readonly Part[], label: string) => (
    <Table
      label={label}
      rows={rows}
      keyOf={({ key }) => key}
      columns={[
        { title: noun, cell: (part) => <Name part={part} none={none} /> },
        { title: "Tokens", numeric: true, wide: true, cell: ({ tokens }) => toCount(tokens) },
        { title: "Spent", numeric: true, cell: ({ money }) => toMoney(money) },
      ]}
    />
  );
  return (
    <Section title={title}>
      {parts.length === 0 ? (
        <p className="text-sm text-muted">Nothing was spent in this time.</p>
      ) : (
        table(first, title)
      )}
      {more.length === 0 ? null : (
        <details className="mt-2">
          <summary className="px-3 text-xs text-muted">{more.length} more</summary>
          {table(more, `${title}, further`)}
        </details>
      )}
      {rest === null ? null : (
        <p className="mt-2 px-3 text-xs text-muted">
          All others together: {toMoney(rest.money)}, {toCount(rest.tokens)} tokens
        </p>
      )}
    </Section>
  );
}

function Name({ part, none }: { readonly part: Part; readonly none: string }) {
  const { name, kind, share } = part;
  return (
    <div className="min-w-0">
      <div className="flex min-w-0 items-center gap-2">
        {name === null ? (
          <span className="text-muted">{none}</span>
        ) : (
          <span className="min-w-0 truncate" title={name}>
            <Inert text={name} />
          </span>
        )}
        {kind === undefined ? null : (
          <Badge tone={kind === "model" ? "accent" : "neutral"}>{kind}</Badge>
        )}
      </div>
      <div className="mt-1 h-1 rounded-full bg-line" aria-hidden="true">
        <div className="h-1 rounded-full bg-accent" style={{ width: `${share * 100}%` }} />
      </div>
    </div>
  );
}
