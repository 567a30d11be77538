import { useMutation } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import type { Client } from "../../../../src/client/client.ts";
import { useClient } from "../../shell/use-session.ts";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { FaultNotice } from "../../ui/fault-notice.tsx";
import { Field } from "../../ui/field.tsx";
import { Inert } from "../../ui/inert.tsx";
import type { ActionDialogProps } from "./action-dialog.ts";

interface TellDialogProps extends ActionDialogProps {
  readonly title: string;
  readonly word: string;
  readonly look?: "accent" | "danger";
  /** Why it cannot be sent yet. */
  readonly reason?: string | null;
  readonly tell: (client: Client) => Promise<unknown>;
  readonly children: ReactNode;
}

function TellDialog(props: TellDialogProps) {
  const { title, word, look = "accent", reason = null, tell, onClose, onTold, children } = props;
  const client = useClient();
  const telling = useMutation({ mutationFn: () => tell(client), onSuccess: onTold });
  return (
    <Dialog
      title={title}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Leave it</Button>
          <Button
            look={look}
            reason={reason}
            busy={telling.isPending}
            onClick={() => telling.mutate()}
          >
            {word}
          </Button>
        </>
      }
    >
      <div className="grid gap-3">
        {children}
        {telling.error === null ? null : <FaultNotice error={telling.error} />}
      </div>
    </Dialog>
  );
}

export function CancelDialog(props: ActionDialogProps) {
  const { run } = props;
  const done = run.calls.filter(({ state, effect }) => state === "done" && isEffect(effect));
  const underWay = run.calls.filter(({ state }) => state === "started" || state === "unknown");
  return (
    <TellDialog
      {...props}
      title="Cancel this run?"
      word="Cancel the run"
      look="danger"
      tell={(client) => client.cancelRun({ id: run.id })}
    >
      <p>It ends for good, and its sub-agents with it. It cannot be resumed, only forked.</p>
      <CallList title="What it has done stays done:" calls={done} none="It has changed nothing." />
      {underWay.length === 0 ? null : (
        <CallList title="What is under way is not taken back:" calls={underWay} none="" />
      )}
      {done.length === 0 ? null : (
        <p className="text-muted">
          To take back what can be taken back, pause it and choose Compensate.
        </p>
      )}
    </TellDialog>
  );
}

const isEffect = (effect: string): boolean => effect === "write" || effect === "destructive";

const callsShown = 8;

function CallList({
  title,
  calls,
  none,
}: {
  readonly title: string;
  readonly calls: ActionDialogProps["run"]["calls"];
  readonly none: string;
}) {
  if (calls.length === 0) return <p>{none}</p>;
  return (
    <div>
      <p>{title}</p>
      <ul className="mt-1 list-disc pl-5">
        {calls.slice(-callsShown).map(({ step, ordinal, tool }) => (
          <li key={`${step}.${ordinal}`}>
            <Inert text={tool} /> <span className="text-muted">in step {step}</span>
          </li>
        ))}
      </ul>
      {calls.length > callsShown ? <p>and {calls.length - callsShown} before</p> : null}
    </div>
  );
}

export function PauseDialog(props: ActionDialogProps) {
  return (
    <TellDialog
      {...props}
      title="Pause this run?"
      word="Pause the run"
      tell={(client) => client.pauseRun({ id: props.run.id })}
    >
      <p>
        It rests after what is under way, until somebody resumes it. Its deadline goes on meanwhile.
      </p>
    </TellDialog>
  );
}

export function CompensateDialog(props: ActionDialogProps) {
  const { run } = props;
  const done = run.calls.filter(({ state, effect }) => state === "done" && isEffect(effect));
  return (
    <TellDialog
      {...props}
      title="Take back what this run did?"
      word="Take it back"
      look="danger"
      tell={(client) => client.compensateRun({ id: run.id })}
    >
      <p>
        Its agent declares which call takes back which: these are made now, the last effect first,
        under the policy of today. A person may be asked for them. The run ends after that.
      </p>
      <CallList
        title="It has done:"
        calls={done}
        none="It has done nothing that would be taken back."
      />
      <p className="text-muted">What declares no such call stays done, and the run then says so.</p>
    </TellDialog>
  );
}

export function SignalDialog(props: ActionDialogProps) {
  const { run } = props;
  const [name, setName] = useState("");
  const [payload, setPayload] = useState("");
  const isWaited = run.waits.some(({ kind }) => kind === "signal");
  const body = (): string => JSON.stringify({ name, payload });
  return (
    <TellDialog
      {...props}
      title="Tell this run something"
      word="Send the signal"
      reason={name.trim() === "" ? "A signal has a name." : null}
      tell={(client) => client.signalRun({ id: run.id, body: body() })}
    >
      <p>
        {isWaited
          ? "It waits for a signal: one of the name that it waits for wakes it."
          : "It waits for no signal now. The model is shown what you say with its next turn."}
      </p>
      <Field label="Name" value={name} onChange={setName} placeholder="paid" mono />
      <Field
        label="What it says"
        value={payload}
        onChange={setPayload}
        rows={4}
        hint="The model reads it as somebody's words, not as instructions."
      />
    </TellDialog>
  );
}
