import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useClient, useRoleReason } from "../../shell/use-session.ts";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { FaultNotice } from "../../ui/fault-notice.tsx";
import { Field } from "../../ui/field.tsx";
import { Inert } from "../../ui/inert.tsx";
import { toCount, toMoney, toShort } from "../../words/to-amount.ts";
import { toExact } from "../../words/to-exact.ts";
import { noRaise, readRaise, toBound, type Raise } from "./action-reasons.ts";
import type { ActionDialogProps } from "./action-dialog.ts";

/** Lets a run go on, if need be with more than it had. */
export function ResumeDialog({ run, onClose, onTold }: ActionDialogProps) {
  const client = useClient();
  const [raise, setRaise] = useState(noRaise);
  const [isTried, setTried] = useState(false);
  const read = readRaise(raise);
  const resuming = useMutation({
    mutationFn: async (body: object) =>
      (await client.resumeRun({ id: run.id, body: JSON.stringify(body) })).body,
    onSuccess: ({ stopped }) => {
      if (stopped.length === 0) onTold();
    },
  });
  const stopped = resuming.data?.stopped ?? [];
  const send = (): void => {
    setTried(true);
    if (read.kind === "body") resuming.mutate(read.body);
  };
  return (
    <Dialog
      title="Let this run go on?"
      onClose={stopped.length > 0 ? onTold : onClose}
      actions={
        stopped.length > 0 ? (
          <Button onClick={onTold}>Close</Button>
        ) : (
          <>
            <Button onClick={onClose}>Leave it</Button>
            <Button look="accent" busy={resuming.isPending} onClick={send}>
              Resume the run
            </Button>
          </>
        )
      }
    >
      <div className="grid gap-3">
        <Why run={run} />
        {stopped.length > 0 ? (
          <Stopped stopped={stopped} />
        ) : (
          <RaiseFields
            run={run}
            raise={raise}
            onChange={setRaise}
            wrong={isTried && read.kind === "wrong" ? read.wrong : {}}
          />
        )}
        {resuming.error === null ? null : <FaultNotice error={resuming.error} />}
      </div>
    </Dialog>
  );
}

function Why({ run }: Pick<ActionDialogProps, "run">) {
  const bound = toBound(run);
  if (bound === null)
    return (
      <p>
        {run.state === "partial"
          ? "What is open is made again. What is done is not done once more."
          : "It goes on where it rests."}
      </p>
    );
  return (
    <p>
      It stopped at {bound}: <Inert text={run.reason?.detail ?? ""} />. Without more it stops there
      again.
    </p>
  );
}

type Stops = readonly { readonly id: string; readonly code: string; readonly detail: string }[];

function Stopped({ stopped }: { readonly stopped: Stops }) {
  return (
    <div role="status" className="rounded-md bg-warn-soft px-3 py-2">
      <p>It is told to go on. These sub-agents stopped at bounds of their own: resume each.</p>
      <ul className="mt-1 list-disc pl-5">
        {stopped.map(({ id, detail }) => (
          <li key={id}>
            <Link to="/runs/$id" params={{ id }} className="font-mono text-accent hover:underline">
              {toShort(id)}
            </Link>{" "}
            <Inert text={detail} />
          </li>
        ))}
      </ul>
    </div>
  );
}

interface RaiseFieldsProps extends Pick<ActionDialogProps, "run"> {
  readonly raise: Raise;
  readonly onChange: (raise: Raise) => void;
  readonly wrong: Readonly<Partial<Record<keyof Raise, string>>>;
}

function RaiseFields({ run, raise, onChange, wrong }: RaiseFieldsProps) {
  const refused = useRoleReason("admin", "operator");
  if (refused !== null)
    return <p className="text-muted">It goes on with what it has. Raising that: {refused}</p>;
  const { caps, spent } = run.budget;
  const now = {
    money: `${toMoney(spent.money)} of ${caps.money === null ? "any" : toMoney(caps.money)}`,
    tokens: `${toCount(spent.tokens)} of ${caps.tokens === null ? "any" : toCount(caps.tokens)}`,
    calls: `${spent.calls} of ${caps.calls ?? "any"}`,
    maxSteps: `${run.steps} of ${run.maxSteps}`,
    deadline: run.deadline === null ? "none" : toExact(Date.parse(run.deadline)),
  };
  const fields = [
    { name: "money", title: "Money", placeholder: "5.00" },
    { name: "tokens", title: "Tokens", placeholder: "400000" },
    { name: "calls", title: "Calls", placeholder: "40" },
    { name: "maxSteps", title: "Steps", placeholder: "80" },
    { name: "deadline", title: "Deadline", placeholder: "30m" },
  ] as const;
  return (
    <fieldset>
      <legend className="mb-2 text-xs text-muted">
        The new bounds, in all; what stands empty stays as it is.
      </legend>
      <div className="grid gap-3 sm:grid-cols-2">
        {fields.map(({ name, title, placeholder }) => (
          <Field
            key={name}
            label={title}
            value={raise[name]}
            onChange={(value) => onChange({ ...raise, [name]: value })}
            placeholder={placeholder}
            wrong={wrong[name] ?? null}
            hint={`Now ${now[name]}`}
          />
        ))}
      </div>
    </fieldset>
  );
}
