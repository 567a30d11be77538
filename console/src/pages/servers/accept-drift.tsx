import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Drift } from "../../../../src/client/client.ts";
import { useClient, useRoleReason } from "../../shell/use-session.ts";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { FaultNotice } from "../../ui/fault-notice.tsx";
import { Field } from "../../ui/field.tsx";
import { Inert } from "../../ui/inert.tsx";

/** So many of its digits stand for the digest that was read. */
const repeated = 6;

/** What is accepted is the digest that was shown: if the server says something else by now, it is refused. */
export function AcceptDrift({ drift }: { readonly drift: Drift }) {
  const role = useRoleReason("admin", "operator");
  const [shown, setShown] = useState<Drift | null>(null);
  return (
    <>
      <Button
        look={drift.grade === "dangerous" ? "danger" : "plain"}
        reason={role}
        label={`Accept ${drift.tool}`}
        onClick={() => setShown(drift)}
      >
        Accept…
      </Button>
      {shown === null ? null : <AcceptDialog drift={shown} onClose={() => setShown(null)} />}
    </>
  );
}

function AcceptDialog({
  drift: { server, tool, grade, observed },
  onClose,
}: {
  readonly drift: Drift;
  readonly onClose: () => void;
}) {
  const client = useClient();
  const queries = useQueryClient();
  const [typed, setTyped] = useState("");
  const accept = useMutation({
    mutationFn: () => client.acceptDrift({ body: JSON.stringify({ server, tool, observed }) }),
    onSuccess: async () => {
      onClose();
      await queries.invalidateQueries();
    },
  });
  const digits = observed?.replace(/^sha256:/, "").slice(0, repeated) ?? null;
  const isAsked = grade === "dangerous" && digits !== null;
  const missing =
    isAsked && typed.trim().toLowerCase() !== digits
      ? `Type the first ${repeated} digits of the digest.`
      : null;
  return (
    <Dialog
      title={`Accept what ${server} says of ${tool}`}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            look={grade === "dangerous" ? "danger" : "accent"}
            reason={missing}
            busy={accept.isPending}
            onClick={() => accept.mutate()}
          >
            Accept
          </Button>
        </>
      }
    >
      {observed === null ? (
        <p>
          The server does not offer <Inert text={tool} /> any more. Accepting takes its pin away; if
          the tool comes back, it is looked at as a new one.
        </p>
      ) : (
        <>
          <p>From now on calls are checked against this definition, and may be sent to it:</p>
          <p className="mt-2 rounded-md border border-line bg-sunken px-3 py-2 font-mono text-xs wrap-anywhere">
            {observed}
          </p>
        </>
      )}
      {isAsked ? (
        <div className="mt-3">
          <p className="mb-3 text-danger">
            This was graded dangerous: a definition can talk a model into things. Accept it only if
            you have read what changed.
          </p>
          <Field
            label={`The first ${repeated} digits of the digest`}
            value={typed}
            onChange={setTyped}
            mono
          />
        </div>
      ) : null}
      {accept.error === null ? null : (
        <div className="mt-3">
          <FaultNotice error={accept.error} />
        </div>
      )}
    </Dialog>
  );
}
