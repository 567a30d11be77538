import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import type { LedgerState } from "../../../../src/client/client.ts";
import { useClient } from "../../shell/use-session.ts";
import { Button } from "../../ui/button.tsx";
import { FaultNotice } from "../../ui/fault-notice.tsx";
import { Field } from "../../ui/field.tsx";
import { toCount } from "../../words/to-amount.ts";
import { checkConsistency, type ConsistencyFound } from "./check-consistency.ts";
import type { ChosenTrust } from "./use-trust.ts";

export interface ConsistencyCheckProps {
  readonly state: LedgerState;
  readonly trust: ChosenTrust | null;
}

/** A checkpoint from elsewhere beside the log of now: the one way to notice a history that was rewritten. */
export function ConsistencyCheck({ state, trust }: ConsistencyCheckProps) {
  const client = useClient();
  const [pasted, setPasted] = useState("");
  const check = useMutation({
    mutationFn: () =>
      checkConsistency({
        pasted,
        keys: trust?.keys ?? [],
        state,
        prove: async (range) => (await client.getLedgerConsistency(range)).body,
      }),
  });
  const reason =
    pasted.trim() === ""
      ? "Paste a checkpoint first."
      : isSecureContext
        ? null
        : "This browser computes hashes on pages of https or of localhost only.";
  return (
    <div className="grid gap-3">
      <p className="text-sm text-muted">
        Paste a checkpoint that was kept outside of this server: the page asks for the proof that
        the log of then is the beginning of the log of now, and checks it itself.
      </p>
      <Field
        label="A checkpoint that was kept"
        value={pasted}
        onChange={(text) => {
          setPasted(text);
          check.reset();
        }}
        rows={5}
        mono
        placeholder={
          "gate.example.com/default/1\n1204\nVmScZASaI+dn…\n\n— gate.example.com T2r/Krw…"
        }
      />
      <div>
        <Button look="accent" reason={reason} busy={check.isPending} onClick={() => check.mutate()}>
          Check it against the log of now
        </Button>
      </div>
      {check.data === undefined ? null : <Found found={check.data} />}
      {check.error === null ? null : <FaultNotice error={check.error} />}
    </div>
  );
}

function Found({ found }: { readonly found: ConsistencyFound }) {
  if (found.kind === "unreadable")
    return (
      <p role="alert" className="rounded-md bg-warn-soft px-3 py-2 text-sm text-warn">
        This is no checkpoint that could be believed. {found.why}.
      </p>
    );
  if (found.kind === "broken")
    return (
      <p role="alert" className="rounded-md bg-danger-soft px-3 py-2 text-sm text-danger">
        <strong>The log does not go on from it.</strong> {found.why} Keep both checkpoints: together
        they prove it.
      </p>
    );
  const more = found.to - found.from;
  return (
    <p role="status" className="rounded-md bg-ok-soft px-3 py-2 text-sm text-ok">
      <strong>It holds.</strong>{" "}
      {found.kind === "same"
        ? `Both are of the same ${toCount(found.to)} entries.`
        : `The first ${toCount(found.from)} entries are byte for byte those of then; ${toCount(more)} more came since.`}
    </p>
  );
}
