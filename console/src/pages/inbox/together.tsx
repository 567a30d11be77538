import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import type { Approval } from "../../../../src/client/client.ts";
import type { Json } from "../../../../src/lib/strict-json.ts";
import { useSession } from "../../shell/use-session.ts";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Field } from "../../ui/field.tsx";
import { Inert } from "../../ui/inert.tsx";
import {
  needsPasskey,
  toEffect,
  whyNotApprove,
  whyNotDeny,
  type Reader,
} from "./approval-words.ts";
import { ExactJson } from "./exact-json.tsx";
import { countFolded, foldLines, nothingUnfolded } from "./fold-lines.ts";
import type { Outcome, Word } from "./outcome-words.ts";
import { sendDecision } from "./send-decision.ts";
import { Sentence } from "./sentence.tsx";
import { useReader } from "./use-reader.ts";

export interface TogetherProps {
  readonly approvals: readonly Approval[];
  readonly word: Word;
  readonly onClose: () => void;
}

/** Several, shown one under the other and decided one by one, each by its own digest. */
export function Together({ approvals, word, onClose }: TogetherProps) {
  const { client } = useSession();
  const cache = useQueryClient();
  // What was on the screen when it was opened is what is decided.
  const [shown] = useState(approvals);
  const [reason, setReason] = useState("");
  const [phase, setPhase] = useState<"asking" | "deciding" | "done">("asking");
  const [outcomes, setOutcomes] = useState<ReadonlyMap<string, Outcome>>(new Map());
  const reader = useReader(shown.some(needsPasskey));
  const open = shown.filter((approval) => whyNot(approval, reader, word) === null);
  const actions = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    actions.current?.querySelector("button")?.focus();
  }, [phase]);
  const decideAll = async (): Promise<void> => {
    setPhase("deciding");
    for (const each of open) {
      const outcome = await sendDecision(client, { shown: each, word, reason });
      setOutcomes((before) => new Map(before).set(each.id, outcome));
    }
    setPhase("done");
    await cache.invalidateQueries({ queryKey: ["approval"] });
  };
  const verb = word === "approved" ? "Approve" : "Deny";
  const count = `${open.length} of ${shown.length}`;
  return (
    <Dialog
      title={phase === "done" ? "What came of each" : `${verb} ${count}?`}
      onClose={phase === "deciding" ? () => undefined : onClose}
      actions={
        <>
          {phase === "asking" ? (
            <Button look="quiet" onClick={onClose}>
              Back
            </Button>
          ) : null}
          <span ref={actions}>
            <Button
              look={phase === "done" ? "plain" : word === "approved" ? "approve" : "danger"}
              hotkey="Enter"
              busy={phase === "deciding"}
              reason={open.length === 0 && phase === "asking" ? "None of them can be." : null}
              onClick={() => (phase === "done" ? onClose() : void decideAll())}
            >
              {phase === "done" ? "Close" : `${verb} ${open.length}, one by one`}
            </Button>
          </span>
        </>
      }
    >
      {shown.length === 0 ? (
        <p className="mb-3 text-warn">All that were selected are over: nothing of them waits.</p>
      ) : null}
      <ul
        className="grid max-h-[50vh] gap-3 overflow-y-auto"
        tabIndex={0}
        aria-label="Those that are selected"
      >
        {shown.map((approval) => (
          <Each
            key={approval.id}
            approval={approval}
            why={whyNot(approval, reader, word)}
            outcome={outcomes.get(approval.id) ?? null}
          />
        ))}
      </ul>
      {word === "denied" && phase === "asking" ? (
        <div className="mt-3">
          <Field label="Reason for all of them (optional)" value={reason} onChange={setReason} />
        </div>
      ) : null}
    </Dialog>
  );
}

const tones = { ok: "text-ok", warn: "text-warn", danger: "text-danger" } as const;

interface EachProps {
  readonly approval: Approval;
  readonly why: string | null;
  readonly outcome: Outcome | null;
}

function Each({ approval, why, outcome }: EachProps) {
  const lines = approval.args === null ? [] : foldLines(approval.args as Json);
  return (
    <li className="rounded-md border border-line p-3">
      <p>
        <Sentence approval={approval} />
      </p>
      {approval.effect === "destructive" ? (
        <p className="mt-0.5 text-danger">{toEffect(approval)}</p>
      ) : null}
      {outcome !== null || countFolded(lines, nothingUnfolded) > 0 ? null : (
        <div className="mt-1.5">
          <ExactJson lines={lines} unfolded={nothingUnfolded} onUnfold={() => undefined} />
        </div>
      )}
      {outcome === null ? null : (
        <p role="status" className={`mt-2 font-medium ${tones[outcome.tone]}`}>
          <Inert text={outcome.words} />
        </p>
      )}
      {outcome === null && why !== null ? (
        <p className="mt-2 text-warn">
          <Inert text={why} />
        </p>
      ) : null}
    </li>
  );
}

/** What is folded away is not decided in passing. */
function whyNot(approval: Approval, reader: Reader, word: Word): string | null {
  const state = { nowMs: Date.now(), isBusy: false, isFolded: false };
  if (word === "denied") return whyNotDeny(approval, reader, state);
  const lines = approval.args === null ? [] : foldLines(approval.args as Json);
  if (countFolded(lines, nothingUnfolded) > 0)
    return "Its arguments are long: open it by itself to read them whole.";
  return whyNotApprove(approval, reader, state);
}
