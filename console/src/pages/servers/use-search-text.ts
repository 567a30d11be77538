import { useSearch } from "@tanstack/react-router";

/** What the address says under a name; null: nothing. The router reads `?q=7` as a number. */
export function useSearchText(name: string): string | null {
  const search: Readonly<Record<string, unknown>> = useSearch({ strict: false });
  return toText(search[name]);
}

export function toText(value: unknown): string | null {
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : null;
}
