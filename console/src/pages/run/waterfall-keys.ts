import type { WaterfallRow } from "./waterfall.ts";

export interface Standing {
  readonly rows: readonly WaterfallRow[];
  readonly folded: ReadonlySet<string>;
  /** Where the selected one is; -1: none is. */
  readonly at: number;
}

export type TreeMove =
  | { readonly kind: "select"; readonly id: string }
  /** Folds it, or unfolds it. */
  | { readonly kind: "fold"; readonly id: string };

const pageRows = 15;

/** What a key does in a tree, as everywhere: null where it does nothing. */
export function findMove(key: string, { rows, folded, at }: Standing): TreeMove | null {
  const select = (index: number): TreeMove | null => {
    const found = rows[Math.min(rows.length - 1, Math.max(0, index))];
    return found === undefined ? null : { kind: "select", id: found.span.id };
  };
  const row = rows[at];
  switch (key) {
    case "ArrowDown":
      return select(at + 1);
    case "ArrowUp":
      return select(at < 0 ? 0 : at - 1);
    case "PageDown":
      return select(at + pageRows);
    case "PageUp":
      return select(at - pageRows);
    case "Home":
      return select(0);
    case "End":
      return select(rows.length - 1);
    case "ArrowRight": {
      if (row === undefined || row.below === 0) return null;
      return folded.has(row.span.id) ? { kind: "fold", id: row.span.id } : select(at + 1);
    }
    case "ArrowLeft": {
      if (row === undefined) return null;
      if (row.below > 0 && !folded.has(row.span.id)) return { kind: "fold", id: row.span.id };
      return row.depth === 0 ? null : select(findParent(rows, at));
    }
    default:
      return null;
  }
}

function findParent(rows: readonly WaterfallRow[], at: number): number {
  const { depth } = rows[at]!;
  for (let before = at - 1; before >= 0; before -= 1)
    if (rows[before]!.depth < depth) return before;
  return at;
}
