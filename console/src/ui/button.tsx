import type { ReactNode } from "react";

const looks = {
  plain: "border border-line-strong bg-raised text-ink hover:bg-hover",
  quiet: "text-muted hover:bg-hover hover:text-ink",
  accent: "bg-accent-solid text-on-solid hover:brightness-110",
  approve: "bg-ok-solid text-on-solid hover:brightness-110",
  danger: "bg-danger-solid text-on-solid hover:brightness-110",
} as const;

export interface ButtonProps {
  readonly children: ReactNode;
  readonly look?: keyof typeof looks;
  /** Why it cannot be used now: the button stays, and says so. */
  readonly reason?: string | null;
  readonly busy?: boolean;
  /** The key that does the same, as a person would write it. */
  readonly hotkey?: string;
  readonly label?: string;
  readonly onClick: () => void;
}

export function Button(props: ButtonProps) {
  const { children, look = "plain", reason = null, busy = false, hotkey, label, onClick } = props;
  const isOff = reason !== null || busy;
  return (
    <button
      type="button"
      className={`inline-flex h-8 shrink-0 items-center gap-2 rounded-md px-3 text-sm font-medium whitespace-nowrap transition-colors aria-disabled:cursor-not-allowed aria-disabled:opacity-55 ${looks[look]}`}
      aria-disabled={isOff}
      aria-busy={busy}
      aria-label={label}
      aria-description={reason ?? undefined}
      title={reason ?? undefined}
      onClick={() => {
        if (!isOff) onClick();
      }}
    >
      {children}
      {hotkey === undefined ? null : <Key>{hotkey}</Key>}
    </button>
  );
}

/** A key of the keyboard. */
export function Key({ children }: { readonly children: ReactNode }) {
  return <kbd className="rounded border border-current px-1 font-sans text-2xs">{children}</kbd>;
}
