import type { Runs } from "../../../../src/client/client.ts";

export type RunRow = Runs["runs"][number];

export interface Patched {
  readonly pages: readonly Runs[];
  /** Those that a fresh page would have and has not: the filter is about them no more. */
  readonly gone: readonly string[];
}

/**
 * What was read before, with what a fresh page says of the same runs. No row is added and none taken
 * away: what somebody reads stays where it is.
 */
export function patchRuns(pages: readonly Runs[], fresh: Runs, before: string | null): Patched {
  const found = new Map(fresh.runs.map((run) => [run.id, run]));
  const last = fresh.next === null ? "" : (fresh.runs.at(-1)?.id ?? "");
  const gone: string[] = [];
  const patched = pages.map((page) => {
    let isSame = true;
    const runs = page.runs.map((run) => {
      const now = found.get(run.id);
      const isCovered = run.id >= last && (before === null || run.id < before);
      if (now === undefined && isCovered) gone.push(run.id);
      if (now === undefined || isSameRun(run, now)) return run;
      isSame = false;
      return now;
    });
    return isSame ? page : { ...page, runs };
  });
  const isSame = patched.every((page, index) => page === pages[index]);
  return { pages: isSame ? pages : patched, gone };
}

/** Made after the first one that is shown, the newest first. */
export function listNew(first: RunRow | undefined, fresh: Runs): readonly RunRow[] {
  return first === undefined ? fresh.runs : fresh.runs.filter(({ id }) => id > first.id);
}

function isSameRun(one: RunRow, other: RunRow): boolean {
  return one.head === other.head && one.state === other.state && one.why === other.why;
}
