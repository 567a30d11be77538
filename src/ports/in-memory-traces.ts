import type { RunId } from "../model/index.ts";
import type { RunHead } from "./run-rows.ts";
import type {
  DuePage,
  DueTrace,
  TraceKey,
  TraceMark,
  TraceRows,
  TraceRunMark,
} from "./trace-rows.ts";

interface Row extends TraceMark {
  readonly owner: string | null;
  readonly untilMs: number;
  readonly runs: Map<RunId, TraceRunMark>;
}

/** What this twin reads of runs. */
export interface TracedRun extends Pick<RunHead, "run" | "tenant" | "head" | "ended"> {
  readonly endedAtMs: number | null;
}

export function createInMemoryTraces(listRuns: () => readonly TracedRun[]): TraceRows {
  const rows = new Map<string, Row>();
  const toPlace = ({ tenant, destination }: TraceKey): string => `${tenant} ${destination}`;
  const change = (key: TraceKey, to: (row: Row) => Partial<Row>): boolean => {
    const row = rows.get(toPlace(key));
    if (row === undefined || row.owner !== key.owner) return false;
    rows.set(toPlace(key), { ...row, ...to(row) });
    return true;
  };
  return {
    async take({ nowMs, untilMs, ...key }) {
      const known = rows.get(toPlace(key));
      const isHeld = known !== undefined && known.owner !== null && known.owner !== key.owner;
      if (isHeld && known.untilMs > nowMs) return null;
      const { sinceMs, entries, runs } = known ?? {
        sinceMs: nowMs,
        entries: null,
        runs: new Map(),
      };
      rows.set(toPlace(key), { sinceMs, entries, runs, owner: key.owner, untilMs });
      return { sinceMs, entries };
    },
    moveEntries: async (key, entries) => change(key, () => ({ entries })),
    async moveSince(key, sinceMs) {
      const looked = listRuns().filter((run) => isLookedAt(run, sinceMs));
      const ids = new Set(looked.map(({ run }) => run));
      return change(key, ({ runs }) => {
        const roots = new Set(
          [...runs.values()].flatMap(({ run, root }) => (ids.has(run) ? root : [])),
        );
        return { sinceMs, runs: new Map([...runs].filter(([, { root }]) => roots.has(root))) };
      });
    },
    listDue: async (key, page) =>
      listDue(listRuns(), { key, known: rows.get(toPlace(key))?.runs, ...page }),
    async readRuns(key, runs) {
      const known = rows.get(toPlace(key))?.runs;
      return runs.flatMap((run) => known?.get(run) ?? []);
    },
    async noteRun(key, { run, root, seen, sent }) {
      return change(key, ({ runs }) => {
        const old = runs.get(run) ?? { seen: 0, sent: 0 };
        const mark = { run, root, seen: Math.max(old.seen, seen), sent: Math.max(old.sent, sent) };
        return { runs: new Map(runs).set(run, mark) };
      });
    },
    async leave(key) {
      change(key, () => ({ owner: null }));
    },
    async sweep(beforeMs) {
      const old = [...rows].filter(([, { untilMs }]) => untilMs < beforeMs);
      for (const [place] of old) rows.delete(place);
      return old.length;
    },
  };
}

function isLookedAt({ ended, endedAtMs }: TracedRun, sinceMs: number): boolean {
  return !ended || (endedAtMs !== null && endedAtMs >= sinceMs);
}

interface Asked extends DuePage {
  readonly key: TraceKey;
  readonly known: ReadonlyMap<RunId, TraceRunMark> | undefined;
}

function listDue(
  runs: readonly TracedRun[],
  { key, known, sinceMs, after, limit }: Asked,
): readonly DueTrace[] {
  return runs
    .filter((run) => run.tenant === key.tenant && isLookedAt(run, sinceMs))
    .filter(({ run, head }) => run > (after ?? "") && (known?.get(run)?.seen ?? 0) < head)
    .map(({ run, head }) => ({ run, head }))
    .toSorted((one, other) => (one.run < other.run ? -1 : 1))
    .slice(0, limit);
}
