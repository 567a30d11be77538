import type { ReactNode } from "react";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { FaultNotice } from "../../ui/fault-notice.tsx";

export interface ConfirmProps {
  readonly title: string;
  /** On the button that does it. */
  readonly word: string;
  readonly mutation: { readonly isPending: boolean; readonly error: unknown };
  readonly reason?: string | null;
  readonly onConfirm: () => void;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

/** A question before what cannot be taken back with a key. */
export function Confirm(props: ConfirmProps) {
  const { title, word, mutation, reason = null, onConfirm, onClose, children } = props;
  return (
    <Dialog
      title={title}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Leave it</Button>
          <Button look="danger" reason={reason} busy={mutation.isPending} onClick={onConfirm}>
            {word}
          </Button>
        </>
      }
    >
      <div className="grid gap-3">
        {children}
        {mutation.error === null ? null : <FaultNotice error={mutation.error} />}
      </div>
    </Dialog>
  );
}
