import { useEffect, useRef } from "react";
import type { Approval } from "../../../../src/client/client.ts";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Field } from "../../ui/field.tsx";
import { needsPasskey, toEffect } from "./approval-words.ts";
import type { Word } from "./outcome-words.ts";
import { Sentence } from "./sentence.tsx";

export interface ConfirmProps {
  readonly approval: Approval;
  readonly word: Word;
  readonly reason: string;
  readonly onReason: (reason: string) => void;
  readonly onSure: () => void;
  readonly onClose: () => void;
}

/** Asks once more before something is destroyed or denied: Enter is sure, Escape is not. */
export function Confirm(props: ConfirmProps) {
  const { approval, word, reason, onReason, onSure, onClose } = props;
  const actions = useRef<HTMLSpanElement>(null);
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    const asksWhy = word === "denied";
    if (asksWhy) form.current?.querySelector("input")?.focus();
    else actions.current?.querySelector("button")?.focus();
  }, [word]);
  const approves = needsPasskey(approval) ? "Approve with passkey" : "Approve";
  return (
    <Dialog
      title={word === "approved" ? "Approve this?" : "Deny this?"}
      onClose={onClose}
      actions={
        <>
          <Button look="quiet" onClick={onClose}>
            Back
          </Button>
          <span ref={actions}>
            <Button
              look={word === "approved" ? "approve" : "danger"}
              hotkey="Enter"
              onClick={onSure}
            >
              {word === "approved" ? approves : "Deny"}
            </Button>
          </span>
        </>
      }
    >
      <p data-part="asked">
        <Sentence approval={approval} />
      </p>
      {word === "approved" ? (
        <p className="mt-1 text-danger">{toEffect(approval)}</p>
      ) : (
        <form
          ref={form}
          className="mt-3"
          onSubmit={(event) => {
            event.preventDefault();
            onSure();
          }}
        >
          <Field
            label="Reason (optional)"
            value={reason}
            onChange={onReason}
            hint="Whoever asked is told it, and it stands in the ledger."
          />
        </form>
      )}
    </Dialog>
  );
}
