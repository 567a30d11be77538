import type { ReactNode, Ref } from "react";

export interface SidePanelProps {
  readonly label: string;
  /** Whether something is chosen: where there is little room, the panel comes up for it alone. */
  readonly isOpen: boolean;
  readonly box?: Ref<HTMLElement>;
  readonly children: ReactNode;
}

/** What is said of the chosen row: beside the list, or over its lower end. Its parent is `relative flex`. */
export function SidePanel({ label, isOpen, box, children }: SidePanelProps) {
  return (
    <aside
      ref={box}
      tabIndex={-1}
      aria-label={label}
      className={`overflow-y-auto bg-surface outline-none max-lg:absolute max-lg:inset-x-0 max-lg:bottom-0 max-lg:z-10 max-lg:max-h-[60%] max-lg:rounded-t-xl max-lg:border-t max-lg:border-line-strong max-lg:shadow-2xl lg:w-84 lg:shrink-0 lg:border-l lg:border-line ${isOpen ? "" : "max-lg:hidden"}`}
    >
      {children}
    </aside>
  );
}

export function CloseButton({ onClose }: { readonly onClose: () => void }) {
  return (
    <button
      type="button"
      aria-label="Close"
      className="-m-1 size-7 shrink-0 rounded text-muted hover:bg-hover hover:text-ink"
      onClick={onClose}
    >
      ✕
    </button>
  );
}
