import type { EntryId, RunId, TenantId } from "../model/index.ts";
import {
  largestSum,
  sumsShown,
  toCostKey,
  type CompletionCost,
  type Cost,
  type CostRange,
  type CostRows,
  type CostSums,
  type NamedSpent,
  type Spent,
} from "./cost-rows.ts";
import type { RunAbout } from "./run-rows.ts";
import { requireStorableCompletion } from "./storable-cost.ts";

interface Row extends Cost {
  readonly of: RunId | EntryId;
  readonly isRun: boolean;
  readonly tenant: TenantId;
  readonly agent: string | null;
  readonly subject: string | null;
  readonly unknown: number;
}

export class InMemoryCosts implements CostRows {
  readonly #rows = new Map<string, Row>();

  /** Of a run's append; returns what takes it back. */
  keep(
    of: { readonly run: RunId; readonly tenant: TenantId; readonly about: RunAbout | null },
    costs: readonly Cost[],
  ): () => void {
    const { run, tenant, about } = of;
    const before = new Map<string, Row | undefined>();
    for (const cost of costs) {
      const { agent = null, subject = null } = about ?? {};
      const row = { ...cost, of: run, isRun: true, tenant, agent, subject, unknown: 0 };
      const key = toKey(row);
      const known = this.#rows.get(key);
      if (!before.has(key)) before.set(key, known);
      this.#rows.set(key, {
        ...row,
        micros: row.micros + (known?.micros ?? 0),
        tokens: row.tokens + (known?.tokens ?? 0),
      });
    }
    return () => {
      for (const [key, row] of before) {
        if (row === undefined) this.#rows.delete(key);
        else this.#rows.set(key, row);
      }
    };
  }

  async add(completion: CompletionCost): Promise<void> {
    requireStorableCompletion(completion);
    const { entry, isUnknown, ...rest } = completion;
    const row = { ...rest, of: entry, isRun: false, unknown: isUnknown ? 1 : 0 };
    const key = toKey(row);
    if (!this.#rows.has(key)) this.#rows.set(key, row);
  }

  async read(tenant: TenantId, { fromDay, toDay, mostRows }: CostRange): Promise<CostSums> {
    const own = [...this.#rows.values()].filter((row) => row.tenant === tenant);
    const asked = own
      .filter(({ day }) => day >= fromDay && day < toDay)
      .toSorted((one, other) => other.day - one.day);
    const cutDay = asked.length > mostRows ? asked[mostRows]!.day : null;
    const rows = cutDay === null ? asked : asked.filter(({ day }) => day > cutDay);
    const ofRuns = rows.filter(({ isRun }) => isRun);
    const named = (pick: (row: Row) => string | null): readonly NamedSpent[] =>
      sumBy(rows, pick, (row) => ({ name: pick(row) })).slice(0, sumsShown);
    return {
      total: sum(rows),
      ofRuns: sum(ofRuns),
      unknown: rows.reduce((count, { unknown }) => count + unknown, 0),
      days: sumBy(
        rows,
        ({ day }) => String(day),
        ({ day }) => ({ day }),
      ).toSorted((one, other) => other.day - one.day),
      agents: named(({ agent }) => agent),
      subjects: named(({ subject }) => subject),
      sources: sumBy(
        rows,
        ({ kind, name }) => `${kind} ${name ?? ""}`,
        ({ kind, name }) => ({ kind, name }),
      ).slice(0, sumsShown),
      runs: sumBy(
        ofRuns,
        ({ of }) => of,
        ({ of, agent }) => ({ run: of as RunId, agent }),
      ).slice(0, sumsShown),
      fromDay: cutDay === null ? fromDay : cutDay + 1,
      oldestDay: own.length === 0 ? null : Math.min(...own.map(({ day }) => day)),
    };
  }

  async erase(tenant: TenantId, subject: string, limit: number): Promise<number> {
    const theirs = [...this.#rows]
      .filter(([, row]) => row.tenant === tenant && row.subject === subject)
      .slice(0, limit);
    for (const [key, row] of theirs) this.#rows.set(key, { ...row, subject: null });
    return theirs.length;
  }

  async sweep(beforeDay: number, limit: number): Promise<number> {
    const old = [...this.#rows].filter(([, { day }]) => day < beforeDay).slice(0, limit);
    for (const [key] of old) this.#rows.delete(key);
    return old.length;
  }
}

function toKey(row: Row): string {
  return `${row.of} ${toCostKey(row)}`;
}

function sum(rows: readonly Spent[]): Spent {
  return rows.reduce<Spent>(
    (all, { micros, tokens }) => ({
      micros: Math.min(largestSum, all.micros + micros),
      tokens: Math.min(largestSum, all.tokens + tokens),
    }),
    { micros: 0, tokens: 0 },
  );
}

/** The dearest first; of two that cost the same, the one that took more tokens, and then by its key. */
function sumBy<Named extends object>(
  rows: readonly Row[],
  keyOf: (row: Row) => string | null,
  nameOf: (row: Row) => Named,
): (Named & Spent)[] {
  const groups = Map.groupBy(rows, keyOf);
  return [...groups]
    .map(([key, group]) => ({ key, row: { ...nameOf(group[0]!), ...sum(group) } }))
    .toSorted(
      (one, other) =>
        other.row.micros - one.row.micros ||
        other.row.tokens - one.row.tokens ||
        compareKeys(one.key, other.key),
    )
    .map(({ row }) => row);
}

/** Nobody comes last. */
function compareKeys(one: string | null, other: string | null): number {
  if (one === null || other === null) return one === other ? 0 : one === null ? 1 : -1;
  return one < other ? -1 : one > other ? 1 : 0;
}
