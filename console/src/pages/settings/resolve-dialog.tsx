import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useClient } from "../../shell/use-session.ts";
import { Field } from "../../ui/field.tsx";
import { Inert } from "../../ui/inert.tsx";
import { Confirm } from "./confirm.tsx";
import { findings, type DoubtfulCall, type Finding } from "./resolve-words.ts";

export interface ResolveDialogProps {
  readonly call: DoubtfulCall;
  readonly onClose: () => void;
}

/** What somebody found out at the server, as a further entry of the ledger. */
export function ResolveDialog({ call, onClose }: ResolveDialogProps) {
  const client = useClient();
  const cache = useQueryClient();
  const [chosen, setChosen] = useState<Finding["outcome"] | null>(null);
  const [evidence, setEvidence] = useState("");
  const resolve = useMutation({
    mutationFn: async () =>
      (
        await client.resolveCall({
          id: call.id,
          body: JSON.stringify({ outcome: chosen, evidence: evidence.trim() }),
        })
      ).body,
    onSuccess: async () => {
      await cache.invalidateQueries({ queryKey: ["calls-in-doubt"] });
      onClose();
    },
  });
  const reason =
    chosen === null
      ? "Choose one first."
      : evidence.trim() === ""
        ? "Say what you saw: it goes into the record."
        : null;
  return (
    <Confirm
      title="How did it end?"
      word="Record it"
      mutation={resolve}
      reason={reason}
      onConfirm={() => resolve.mutate()}
      onClose={onClose}
    >
      <p>
        Look at <Inert text={call.server} /> first, then say what <Inert text={call.tool ?? ""} />{" "}
        did there. It is recorded for good, under your name.
      </p>
      <fieldset className="grid gap-2">
        <legend className="sr-only">What was found out</legend>
        {findings.map(({ outcome, title, means }) => (
          <label
            key={outcome}
            className="flex gap-3 rounded-md border border-line p-3 has-checked:border-accent has-checked:bg-accent-soft"
          >
            <input
              type="radio"
              name="finding"
              className="mt-0.5 accent-accent-solid"
              checked={outcome === chosen}
              onChange={() => setChosen(outcome)}
            />
            <span>
              <span className="block font-medium">{title}</span>
              <span className="block text-muted">{means}</span>
            </span>
          </label>
        ))}
      </fieldset>
      <Field
        label="What you saw"
        value={evidence}
        onChange={setEvidence}
        rows={3}
        placeholder="The airline shows the booking XK4T2"
      />
    </Confirm>
  );
}
