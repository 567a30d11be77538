import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Run } from "../../../../src/client/client.ts";
import { useRoleReason, useSession } from "../../shell/use-session.ts";
import { Button } from "../../ui/button.tsx";
import { toActionReason, type RunAction } from "./action-reasons.ts";
import { CancelDialog, CompensateDialog, PauseDialog, SignalDialog } from "./tell-dialogs.tsx";
import { ForkDialog } from "./fork-dialog.tsx";
import { ResumeDialog } from "./resume-dialog.tsx";

const actions = [
  { action: "resume", title: "Resume" },
  { action: "pause", title: "Pause" },
  { action: "signal", title: "Signal" },
  { action: "fork", title: "Fork" },
  { action: "compensate", title: "Compensate" },
  { action: "cancel", title: "Cancel" },
] as const satisfies readonly { readonly action: RunAction; readonly title: string }[];

/** What may be done to a run, beside its name. */
export function RunActions({ run }: { readonly run: Run }) {
  const [open, setOpen] = useState<RunAction | null>(null);
  const [toldAt, setToldAt] = useState<number | null>(null);
  const cache = useQueryClient();
  const reasonOf = useReasons(run);
  const onTold = (): void => {
    setOpen(null);
    setToldAt(run.head);
    void cache.invalidateQueries({ queryKey: ["run", run.id, "report"] });
  };
  const dialog = { run, onTold, onClose: () => setOpen(null) };
  return (
    <>
      <span role="status" className={toldAt === run.head ? "text-xs text-muted" : "sr-only"}>
        {toldAt === run.head ? "Told; its log says when it takes that in." : ""}
      </span>
      {actions.map(({ action, title }) => (
        <Button
          key={action}
          look={action === "resume" && reasonOf(action) === null ? "accent" : "plain"}
          reason={reasonOf(action)}
          onClick={() => setOpen(action)}
        >
          {title}
        </Button>
      ))}
      {open === "resume" ? <ResumeDialog {...dialog} /> : null}
      {open === "pause" ? <PauseDialog {...dialog} /> : null}
      {open === "signal" ? <SignalDialog {...dialog} /> : null}
      {open === "fork" ? <ForkDialog run={run} onClose={dialog.onClose} /> : null}
      {open === "compensate" ? <CompensateDialog {...dialog} /> : null}
      {open === "cancel" ? <CancelDialog {...dialog} /> : null}
    </>
  );
}

function useReasons(run: Run): (action: RunAction) => string | null {
  const { holder } = useSession();
  const telling = useRoleReason("admin", "operator", "caller");
  const starting = useRoleReason("admin", "caller");
  // A key's subject is its name; of a token that has another one, the server knows.
  const isOthers = run.subject.startsWith("service:") && run.subject !== `service:${holder.name}`;
  const notOwn = isOthers ? `It is forked by whoever started it: ${run.subject}.` : null;
  return (action) => {
    const role = action === "fork" ? (starting ?? notOwn) : telling;
    return role ?? toActionReason(action, run);
  };
}
