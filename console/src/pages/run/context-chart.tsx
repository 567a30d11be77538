import { toCount } from "../../words/to-amount.ts";
import { contextKinds } from "./context-colours.ts";
import type { Snapshot } from "./list-snapshots.ts";

export interface ContextChartProps {
  readonly snapshots: readonly Snapshot[];
  readonly chosen: number;
  /** Tokens that the model takes; null: nobody knows any more. */
  readonly window: number | null;
  readonly onGo: (index: number) => void;
}

/** Around the chosen step: more bars than this are no picture. */
const mostBars = 120;

/** A bar a step, against the window. The slider beside it is the same choice for a keyboard. */
export function ContextChart({ snapshots, chosen, window, onGo }: ContextChartProps) {
  const from = Math.max(0, Math.min(chosen - mostBars / 2, snapshots.length - mostBars));
  const shown = snapshots.slice(from, from + mostBars);
  const most = Math.max(1, ...shown.map(({ total }) => total));
  // A window that is hardly used would leave nothing to see: its line is drawn where it fits.
  const scale = window !== null && window < most * 4 ? Math.max(window, most) : most * 1.15;
  const hasLine = window !== null && window <= scale;
  return (
    <figure className="rounded-lg border border-line bg-surface p-4">
      <div className="relative flex h-32 items-end gap-0.5 overflow-hidden">
        {hasLine ? (
          <div
            className="absolute inset-x-0 border-t border-dashed border-danger"
            style={{ bottom: `${(window / scale) * 100}%` }}
          />
        ) : null}
        {shown.map((snapshot, at) => (
          <Bar
            key={snapshot.step}
            snapshot={snapshot}
            share={snapshot.total / scale}
            isChosen={from + at === chosen}
            onGo={() => onGo(from + at)}
          />
        ))}
      </div>
      <figcaption className="mt-2 text-xs text-muted">
        {snapshots.length === 1 ? "One step" : `${snapshots.length} steps`}, the fullest with{" "}
        {toCount(most)} tokens
        {window === null ? "" : ` of a window of ${toCount(window)}`}
        {hasLine ? ", which the dashed line is" : ""}.
        {shown.some(({ isCompacted }) => isCompacted)
          ? " A dot marks a step before which the conversation was summarised."
          : ""}
      </figcaption>
    </figure>
  );
}

interface BarProps {
  readonly snapshot: Snapshot;
  readonly share: number;
  readonly isChosen: boolean;
  readonly onGo: () => void;
}

function Bar({ snapshot, share, isChosen, onGo }: BarProps) {
  const { step, total, isCompacted } = snapshot;
  const parts = { ...snapshot, skills: 0 };
  return (
    <button
      type="button"
      tabIndex={-1}
      aria-hidden
      title={`Step ${step}: ${toCount(total)} tokens`}
      className={`flex h-full max-w-10 min-w-1 flex-1 flex-col justify-end rounded-sm ${isChosen ? "bg-accent-soft" : "opacity-65 hover:bg-hover hover:opacity-100"}`}
      onClick={onGo}
    >
      {isCompacted ? <span className="mx-auto mb-0.5 size-1.5 rounded-full bg-warn" /> : null}
      <span
        className="flex w-full flex-col-reverse overflow-hidden rounded-t-sm"
        style={{ height: `${Math.min(1, share) * 100}%` }}
      >
        {contextKinds.map(({ kind, look }) => (
          <span
            key={kind}
            className={look}
            style={{ height: `${(parts[kind] / Math.max(1, total)) * 100}%` }}
          />
        ))}
      </span>
    </button>
  );
}
