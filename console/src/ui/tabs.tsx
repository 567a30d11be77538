import { Link } from "@tanstack/react-router";

export interface Tab {
  readonly name: string;
  readonly title: string;
  readonly count?: number;
}

/** Tabs are places: each has an address, and the browser's back button leaves it. */
export function Tabs({ tabs, chosen }: { readonly tabs: readonly Tab[]; readonly chosen: string }) {
  return (
    <nav
      aria-label="Views"
      className="flex gap-1 overflow-x-auto border-b border-line px-4 md:px-6"
    >
      {tabs.map(({ name, title, count }) => (
        <Link
          key={name}
          to="."
          search={(before: Record<string, unknown>) => ({ ...before, tab: name })}
          aria-current={name === chosen ? "page" : undefined}
          className={`-mb-px flex items-center gap-1.5 border-b-2 px-2.5 py-2.5 text-sm whitespace-nowrap ${
            name === chosen
              ? "border-accent font-medium text-ink"
              : "border-transparent text-muted hover:text-ink"
          }`}
        >
          {title}
          {count === undefined ? null : (
            <span className="text-xs text-muted tabular-nums">{count}</span>
          )}
        </Link>
      ))}
    </nav>
  );
}
