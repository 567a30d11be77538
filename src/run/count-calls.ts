import type { LedgerCall, LedgerCount } from "./content-kinds.ts";

/** More tools than a ledger names; calls of the others are counted together. */
const mostTools = 64;
const others = "(others)";

/** Counts before, and calls that are only counted from now on. The tool that was called most comes first. */
export function countCalls(
  before: readonly LedgerCount[],
  calls: readonly Pick<LedgerCall, "tool" | "state">[],
): readonly LedgerCount[] {
  const counts = new Map<string, LedgerCount>();
  const add = ({ tool, times, failed }: LedgerCount): void => {
    const had = counts.get(tool) ?? { times: 0, failed: 0 };
    counts.set(tool, { tool, times: had.times + times, failed: had.failed + failed });
  };
  for (const count of before) add(count);
  for (const { tool, state } of calls)
    add({ tool, times: 1, failed: state === "answered" ? 0 : 1 });
  const ordered = [...counts.values()].toSorted(
    (one, other) => other.times - one.times || (one.tool < other.tool ? -1 : 1),
  );
  if (ordered.length <= mostTools) return ordered;
  const rest = ordered.slice(mostTools - 1);
  const sum = (of: (count: LedgerCount) => number): number =>
    rest.reduce((total, count) => total + of(count), 0);
  const left = {
    tool: others,
    times: sum(({ times }) => times),
    failed: sum(({ failed }) => failed),
  };
  return [...ordered.slice(0, mostTools - 1), left];
}
