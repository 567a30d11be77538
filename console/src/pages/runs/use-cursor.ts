import { useCallback, useRef, useState, type RefObject } from "react";
import { useHotkeys } from "../../ui/hotkeys.ts";
import type { RunRow } from "./merge-runs.ts";

/** Where somebody was in a list, for when they come back from a run. */
const left = new Map<string, string>();
const mostLeft = 20;

export interface Cursor {
  readonly id: string | null;
  /** Where the list is to be scrolled to. */
  readonly at: number | null;
  /** The run that takes the focus once its row is there. */
  readonly wanted: RefObject<string | null>;
  /** Another one begins the list anew, at its top. */
  readonly round: number;
  readonly set: (id: string) => void;
  readonly toTop: () => void;
}

/** One row of the list, by its run: it stays with it, whatever comes above. */
export function useCursor(address: string, rows: readonly RunRow[]): Cursor {
  const [id, setId] = useState(() => left.get(address) ?? null);
  const [at, setAt] = useState(() => toPlace(rows, left.get(address) ?? null));
  const [round, setRound] = useState(0);
  const wanted = useRef<string | null>(null);
  const set = useCallback(
    (next: string): void => {
      setId(next);
      left.delete(address);
      left.set(address, next);
      if (left.size > mostLeft) left.delete(left.keys().next().value!);
    },
    [address],
  );
  const move = (by: number): void => {
    const place = toPlace(rows, id);
    const next = place === null ? 0 : Math.max(0, Math.min(rows.length - 1, place + by));
    const run = rows[next];
    if (run === undefined) return;
    wanted.current = run.id;
    setAt(next);
    set(run.id);
  };
  useHotkeys([
    { keys: "j", title: "The next run", run: () => move(1) },
    { keys: "k", title: "The run before", run: () => move(-1) },
  ]);
  const toTop = (): void => {
    setId(null);
    setAt(null);
    setRound((count) => count + 1);
  };
  return { id, at, wanted, round, set, toTop };
}

function toPlace(rows: readonly RunRow[], id: string | null): number | null {
  if (id === null) return null;
  const place = rows.findIndex((run) => run.id === id);
  return place === -1 ? null : place;
}
