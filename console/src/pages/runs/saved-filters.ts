import { parseFilter, toSearch, type RunFilter } from "./run-filter.ts";

export interface SavedFilter {
  readonly name: string;
  readonly filter: RunFilter;
}

export const mostSaved = 30;
export const longestName = 60;

/** What the browser keeps; anything else in its place counts as nothing kept. */
export function parseSaved(text: string | null): readonly SavedFilter[] {
  const kept = parseJson(text);
  if (!Array.isArray(kept)) return [];
  return kept
    .flatMap((each: unknown): SavedFilter[] => {
      if (typeof each !== "object" || each === null) return [];
      const { name, search } = each as { readonly name?: unknown; readonly search?: unknown };
      if (typeof name !== "string" || name === "" || name.length > longestName) return [];
      if (typeof search !== "object" || search === null) return [];
      return [{ name, filter: parseFilter(search as Readonly<Record<string, unknown>>) }];
    })
    .slice(0, mostSaved);
}

export function toSavedText(saved: readonly SavedFilter[]): string {
  return JSON.stringify(saved.map(({ name, filter }) => ({ name, search: toSearch(filter) })));
}

/** Of the same name there is one. Null: as many are kept as may be. */
export function addSaved(
  saved: readonly SavedFilter[],
  added: SavedFilter,
): readonly SavedFilter[] | null {
  const others = saved.filter(({ name }) => name !== added.name);
  if (others.length >= mostSaved) return null;
  return [...others, added].toSorted((one, other) => one.name.localeCompare(other.name));
}

function parseJson(text: string | null): unknown {
  try {
    return JSON.parse(text ?? "null");
  } catch {
    return null;
  }
}
