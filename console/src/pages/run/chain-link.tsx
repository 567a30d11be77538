import type { ReactNode } from "react";
import { Skeleton } from "../../ui/skeleton.tsx";
import { toExact } from "../../words/to-exact.ts";
import type { Asked } from "./use-why.ts";

export interface ChainLinkProps {
  /** `Asked`, `Decided`, in the order in which it happened. */
  readonly title: string;
  readonly atMs?: number | null;
  readonly tone?: "plain" | "ok" | "warn" | "danger" | "open";
  readonly children: ReactNode;
}

const dots = {
  plain: "border-accent bg-accent-soft",
  ok: "border-ok bg-ok-soft",
  warn: "border-warn bg-warn-soft",
  danger: "border-danger bg-danger-soft",
  open: "border-dashed border-line-strong bg-surface",
} as const;

/** One link of the chain that led to an effect, and from it to its proof. */
export function ChainLink({ title, atMs = null, tone = "plain", children }: ChainLinkProps) {
  return (
    <li className="group relative pb-5 pl-8">
      <span aria-hidden className="absolute top-5 bottom-0 left-2 w-px bg-line group-last:hidden" />
      <span
        aria-hidden
        className={`absolute top-1 left-0.5 size-3.5 rounded-full border-2 ${dots[tone]}`}
      />
      <div className="flex flex-wrap items-baseline gap-x-3">
        <h3 className="text-sm font-semibold">{title}</h3>
        {atMs === null ? null : (
          <span className="text-xs text-muted tabular-nums">{toExact(atMs)}</span>
        )}
      </div>
      <div className="mt-1 grid gap-2 text-sm">{children}</div>
    </li>
  );
}

/** What somebody else knows, or why it is not here: a gap in the chain is said, never jumped. */
export function Known<T>({
  asked,
  what,
  children,
}: {
  readonly asked: Asked<T>;
  /** `The receipt`. */
  readonly what: string;
  readonly children: (value: T) => ReactNode;
}) {
  if (asked.kind === "read") return children(asked.value);
  if (asked.kind === "reading") return <Skeleton rows={2} />;
  return (
    <p className="text-muted">
      {what} is not shown. {asked.why}
    </p>
  );
}
