import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { Run } from "../../../../src/client/client.ts";
import { useClient } from "../../shell/use-session.ts";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { FaultNotice } from "../../ui/fault-notice.tsx";
import { Select } from "../../ui/field.tsx";
import { toShort } from "../../words/to-amount.ts";
import { useStep } from "./use-search-state.ts";

/** A list of more is no choice any more. */
const mostSteps = 1_000;

/** A new run that knows what this one knew at a step. This one is left as it is. */
export function ForkDialog({ run, onClose }: { readonly run: Run; readonly onClose: () => void }) {
  const client = useClient();
  const shown = useStep();
  const last = run.steps - 1;
  const [step, setStep] = useState(String(shown !== null && shown <= last ? shown : last));
  const forking = useMutation({
    mutationFn: async () =>
      (await client.forkRun({ id: run.id, body: JSON.stringify({ step: Number(step) }) })).body,
  });
  const made = forking.data;
  const from = Math.max(0, run.steps - mostSteps);
  const options = Array.from({ length: run.steps - from }, (_, at) => {
    const value = String(last - at);
    return { value, title: `Step ${value}${at === 0 ? ", the last one" : ""}` };
  });
  return (
    <Dialog
      title="Fork this run"
      onClose={onClose}
      actions={
        made === undefined ? (
          <>
            <Button onClick={onClose}>Leave it</Button>
            <Button look="accent" busy={forking.isPending} onClick={() => forking.mutate()}>
              Fork the run
            </Button>
          </>
        ) : (
          <Button onClick={onClose}>Close</Button>
        )
      }
    >
      {made === undefined ? (
        <div className="grid gap-3">
          <p>
            A new run begins with what this one knew at the end of a step. It acts for you, with the
            same bundle, a budget of its own, and the files of its workbench as they are now. What
            this run did is not done again, and not taken back.
          </p>
          <Select
            label="The last step that it knows of"
            value={step}
            options={options}
            onChange={setStep}
          />
          {forking.error === null ? null : <FaultNotice error={forking.error} />}
        </div>
      ) : (
        <p role="status">
          The fork has begun after step {made.step}:{" "}
          <Link
            to="/runs/$id"
            params={{ id: made.id }}
            search={{}}
            className="font-mono text-accent underline"
            onClick={onClose}
          >
            {toShort(made.id)}
          </Link>
        </p>
      )}
    </Dialog>
  );
}
