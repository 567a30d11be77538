import { useLayoutEffect, useRef, type ReactNode } from "react";
import { toPlainInert } from "../../../src/lib/inert-text.ts";
import { Inert } from "./inert.tsx";

export interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
  readonly actions?: ReactNode;
}

/** The browser's own dialog: it keeps the focus, and Escape closes it. */
export function Dialog({ title, onClose, children, actions }: DialogProps) {
  const box = useRef<HTMLDialogElement>(null);
  // While it is still in the page: only then the focus goes back to where it was.
  useLayoutEffect(() => {
    const shown = box.current;
    shown?.showModal();
    return () => shown?.close();
  }, []);
  return (
    <dialog
      ref={box}
      aria-label={toPlainInert(title)}
      className="m-auto w-[min(36rem,calc(100vw-2rem))] rounded-xl border border-line bg-raised p-0 text-ink shadow-2xl"
      onKeyDown={(event) => {
        // The key that opened it, still held, is no answer.
        if (event.repeat && event.key === "Enter" && !(event.target instanceof HTMLTextAreaElement))
          event.preventDefault();
      }}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        if (event.target === box.current) onClose();
      }}
    >
      <div className="p-5">
        <h2 className="text-base font-semibold">
          <Inert text={title} />
        </h2>
        <div className="mt-3 text-sm">{children}</div>
        {actions === undefined ? null : (
          <div className="mt-5 flex flex-wrap justify-end gap-2">{actions}</div>
        )}
      </div>
    </dialog>
  );
}
