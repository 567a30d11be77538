import { useEffect, type ReactNode } from "react";

export interface PageProps {
  readonly title: string;
  /** Beside the title: a state, a count. */
  readonly aside?: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
  /** Fills the window: whatever is in it scrolls by itself. */
  readonly fills?: boolean;
}

/** One page within the shell: a heading, what may be done, and what there is. */
export function Page({ title, aside, actions, children, fills = false }: PageProps) {
  useEffect(() => {
    document.title = `${title} · Countersign`;
  }, [title]);
  return (
    <div className={`flex min-w-0 flex-col ${fills ? "h-full" : "min-h-full"}`}>
      <header className="flex min-h-14 shrink-0 flex-wrap items-center gap-x-3 gap-y-2 border-b border-line px-4 py-2 md:px-6">
        <h1 className="min-w-0 truncate text-base font-semibold">{title}</h1>
        {aside}
        <div className="ml-auto flex max-w-full items-center gap-2 max-md:overflow-x-auto md:flex-wrap">
          {actions}
        </div>
      </header>
      <div className={`min-w-0 flex-1 ${fills ? "min-h-0" : "p-4 md:p-6"}`}>{children}</div>
    </div>
  );
}

/** A part of a page with a heading of its own. */
export function Section({
  title,
  aside,
  children,
}: {
  readonly title: string;
  readonly aside?: ReactNode;
  readonly children: ReactNode;
}) {
  return (
    <section className="mb-6 min-w-0 rounded-lg border border-line bg-surface">
      <div className="flex items-center gap-3 border-b border-line px-4 py-2.5">
        <h2 className="text-sm font-semibold">{title}</h2>
        <div className="ml-auto flex items-center gap-2 text-xs text-muted">{aside}</div>
      </div>
      <div className="min-w-0 p-4">{children}</div>
    </section>
  );
}
