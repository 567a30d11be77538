export interface MeterProps {
  readonly label: string;
  /** How much, as a person reads it. */
  readonly text: string;
  /** Of the bound; null: there is none, and nothing to fill. */
  readonly share: number | null;
  /** Taken aside for what is under way, on top. */
  readonly held?: number;
}

/** How much of a bound is gone. It turns orange before the end of it, and red there. */
export function Meter({ label, text, share, held = 0 }: MeterProps) {
  const look = share === null || share < 0.8 ? "bg-accent" : share < 1 ? "bg-warn" : "bg-danger";
  return (
    <div className="min-w-0">
      <div className="flex items-baseline justify-between gap-2 text-xs">
        <span className="text-muted">{label}</span>
        <span className="truncate tabular-nums">{text}</span>
      </div>
      {share === null ? (
        <div className="mt-1 h-1 rounded-full bg-sunken" />
      ) : (
        <div
          role="meter"
          aria-label={label}
          aria-valuemin={0}
          aria-valuemax={100}
          aria-valuenow={Math.round(Math.min(1, share) * 100)}
          aria-valuetext={text}
          className="mt-1 flex h-1 overflow-hidden rounded-full bg-line"
        >
          <div className={look} style={{ width: `${Math.min(1, share) * 100}%` }} />
          <div
            className={`${look} opacity-40`}
            style={{ width: `${Math.max(0, Math.min(1 - share, held)) * 100}%` }}
          />
        </div>
      )}
    </div>
  );
}
