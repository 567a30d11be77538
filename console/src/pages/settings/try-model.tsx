import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useClient, useRoleReason } from "../../shell/use-session.ts";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Facts } from "../../ui/facts.tsx";
import { FaultNotice } from "../../ui/fault-notice.tsx";
import { Field } from "../../ui/field.tsx";
import { Inert } from "../../ui/inert.tsx";
import { toMoney } from "../../words/to-amount.ts";
import { toDuration } from "../../words/to-duration.ts";
import { operators } from "./part.tsx";

/** One short prompt to a model: what came, from where, how fast and for how much. */
export function TryModel({ alias }: { readonly alias: string }) {
  const [isOpen, setOpen] = useState(false);
  const role = useRoleReason(...operators);
  return (
    <>
      <Button reason={role} label={`Try the model ${alias}`} onClick={() => setOpen(true)}>
        Try
      </Button>
      {isOpen ? <TryDialog alias={alias} onClose={() => setOpen(false)} /> : null}
    </>
  );
}

interface TryDialogProps {
  readonly alias: string;
  readonly onClose: () => void;
}

function TryDialog({ alias, onClose }: TryDialogProps) {
  const client = useClient();
  const [prompt, setPrompt] = useState("Say hello in one short sentence.");
  const attempt = useMutation({
    mutationFn: async () =>
      (await client.tryModel({ alias, body: JSON.stringify({ prompt: prompt.trim() }) })).body,
  });
  return (
    <Dialog
      title={`Try ${alias}`}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Close</Button>
          <Button
            look="accent"
            reason={prompt.trim() === "" ? "Write a prompt first." : null}
            busy={attempt.isPending}
            onClick={() => attempt.mutate()}
          >
            Send
          </Button>
        </>
      }
    >
      <div className="grid gap-4">
        <Field
          label="Prompt"
          value={prompt}
          onChange={setPrompt}
          rows={3}
          hint="It is sent for real, and costs what it costs."
        />
        {attempt.error === null ? null : <FaultNotice error={attempt.error} />}
        {attempt.data === undefined ? null : (
          <div role="status" className="grid gap-3">
            <p className="rounded-md bg-sunken p-3 whitespace-pre-wrap">
              <Inert text={attempt.data.text} lines />
            </p>
            <Facts
              facts={[
                { name: "Answered by", value: `${attempt.data.backend} (${attempt.data.model})` },
                { name: "First token", value: toDuration(attempt.data.firstTokenMs) },
                {
                  name: "Cost",
                  value:
                    attempt.data.cost === null
                      ? "unknown: usage or price is not known"
                      : toMoney(attempt.data.cost),
                },
              ]}
            />
          </div>
        )}
      </div>
    </Dialog>
  );
}
