import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useClient, useRoleReason } from "../../shell/use-session.ts";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { FaultNotice } from "../../ui/fault-notice.tsx";
import { Field } from "../../ui/field.tsx";
import type { Freeze } from "./server-queries.ts";

export interface ServerActionsProps {
  readonly name: string;
  /** Undefined: it is not known yet. */
  readonly freeze: Freeze | null | undefined;
}

export function ServerActions({ name, freeze }: ServerActionsProps) {
  const client = useClient();
  const queries = useQueryClient();
  const role = useRoleReason("admin", "operator");
  const [isAsking, setAsking] = useState(false);
  const refresh = useMutation({
    mutationFn: () => client.refreshServer({ name }),
    onSuccess: () => queries.invalidateQueries(),
  });
  const isOwn = freeze?.kind === "server";
  const stop = toStopReason(freeze);
  return (
    <>
      {refresh.error === null ? null : (
        <span role="alert" className="text-xs text-danger">
          {refresh.error.message}
        </span>
      )}
      <Button reason={role} busy={refresh.isPending} onClick={() => refresh.mutate()}>
        {refresh.isPending ? "Listing…" : "Refresh now"}
      </Button>
      <Button reason={role ?? stop} look="plain" onClick={() => setAsking(true)}>
        {isOwn ? "Unfreeze" : "Freeze"}
      </Button>
      {isAsking ? (
        <FreezeDialog name={name} isFrozen={isOwn} onClose={() => setAsking(false)} />
      ) : null}
    </>
  );
}

function toStopReason(freeze: Freeze | null | undefined): string | null {
  if (freeze === undefined) return "What is frozen is being read.";
  if (freeze === null || freeze.kind === "server") return null;
  return "It is frozen with everything else; that freeze is lifted in the settings.";
}

interface FreezeDialogProps {
  readonly name: string;
  readonly isFrozen: boolean;
  readonly onClose: () => void;
}

function FreezeDialog({ name, isFrozen, onClose }: FreezeDialogProps) {
  const client = useClient();
  const queries = useQueryClient();
  const [reason, setReason] = useState("");
  const frozen = { kind: "server", name } as const;
  const change = useMutation({
    mutationFn: () =>
      isFrozen
        ? client.unfreeze({ body: JSON.stringify(frozen) })
        : client.freeze({ body: JSON.stringify({ ...frozen, reason: reason.trim() }) }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ["freezes"] });
      onClose();
    },
  });
  const missing = isFrozen || reason.trim() !== "" ? null : "Say why: everybody will read it.";
  return (
    <Dialog
      title={isFrozen ? `Unfreeze ${name}` : `Freeze ${name}`}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            look={isFrozen ? "accent" : "danger"}
            reason={missing}
            busy={change.isPending}
            onClick={() => change.mutate()}
          >
            {isFrozen ? "Unfreeze" : "Freeze"}
          </Button>
        </>
      }
    >
      {isFrozen ? (
        <p>
          Calls reach {name} again, on every replica. Approvals that the freeze voided stay void.
        </p>
      ) : (
        <>
          <p className="mb-3">
            No call reaches {name} any more, on every replica, and what waits for an approval of it
            is void.
          </p>
          <Field label="Reason" value={reason} onChange={setReason} rows={2} />
        </>
      )}
      {change.error === null ? null : (
        <div className="mt-3">
          <FaultNotice error={change.error} />
        </div>
      )}
    </Dialog>
  );
}
