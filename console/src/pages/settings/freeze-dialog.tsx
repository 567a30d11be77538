import { useState } from "react";
import { Field, Select } from "../../ui/field.tsx";
import { Confirm } from "./confirm.tsx";
import { findFault, freezeKindWords, type FreezeKind } from "./freeze-words.ts";
import { useFreeze } from "./use-freezes.ts";

export interface FreezeDialogProps {
  readonly kind: FreezeKind;
  readonly onClose: () => void;
  readonly onFrozen: (said: string) => void;
}

/** A stop takes a reason, and for all of a tenant the word itself. */
export function FreezeDialog({ kind: first, onClose, onFrozen }: FreezeDialogProps) {
  const [kind, setKind] = useState(first);
  const [name, setName] = useState("");
  const [reason, setReason] = useState("");
  const [typed, setTyped] = useState("");
  const freeze = useFreeze((said) => {
    onFrozen(said);
    onClose();
  });
  const words = freezeKindWords.find((each) => each.kind === kind)!;
  const draft = { kind, name, reason };
  const isWide = words.names === null;
  const fault =
    findFault(draft) ?? (isWide && typed !== "freeze" ? "Type freeze to confirm." : null);
  return (
    <Confirm
      title={isWide ? `Freeze ${words.title.toLowerCase()}?` : "Freeze"}
      word="Freeze now"
      mutation={freeze}
      reason={fault}
      onConfirm={() => freeze.mutate(draft)}
      onClose={onClose}
    >
      <Select
        label="What"
        value={kind}
        options={freezeKindWords.map((each) => ({ value: each.kind, title: each.title }))}
        onChange={setKind}
      />
      <p className="text-muted">{words.stops}</p>
      {isWide ? null : (
        <Field
          label="Its name"
          value={name}
          onChange={setName}
          mono
          placeholder={words.names ?? ""}
          hint="It holds for this name and no other."
        />
      )}
      <Field
        label="Why"
        value={reason}
        onChange={setReason}
        rows={2}
        placeholder="What was seen, and where to ask"
        hint="Callers and the record see it."
      />
      {isWide ? (
        <Field label="Type freeze to confirm" value={typed} onChange={setTyped} mono />
      ) : null}
    </Confirm>
  );
}
