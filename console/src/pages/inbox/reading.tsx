import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import type { Approval } from "../../../../src/client/client.ts";
import type { Json } from "../../../../src/lib/strict-json.ts";
import { approvalQuery } from "../../api/approvals-query.ts";
import { useSession } from "../../shell/use-session.ts";
import { FaultNotice } from "../../ui/fault-notice.tsx";
import { useHotkeys } from "../../ui/hotkeys.ts";
import { useNowMs } from "../../ui/now.ts";
import { Skeleton } from "../../ui/skeleton.tsx";
import { ApprovalDetail } from "./approval-detail.tsx";
import { needsPasskey, whyNotApprove, whyNotDeny } from "./approval-words.ts";
import { dropChosen } from "./chosen.ts";
import { Confirm } from "./confirm.tsx";
import { DecisionBar } from "./decision-bar.tsx";
import { explained, toggleExplained } from "./explained-state.ts";
import { countFolded, foldLines, nothingUnfolded } from "./fold-lines.ts";
import type { Word } from "./outcome-words.ts";
import { sendDecision, type Decision } from "./send-decision.ts";
import { useReader } from "./use-reader.ts";
import { useSignal } from "../../ui/signal.ts";

export interface ReadingProps {
  readonly id: string;
  /** As the list has it, until it is read itself. */
  readonly listed: Approval | undefined;
  /** Several are selected: A and D mean them. */
  readonly isTogether: boolean;
}

/** The one that is read, whole, with the two words that can be said to it. */
export function Reading({ id, listed, isTogether }: ReadingProps) {
  const session = useSession();
  const { data, error, isPlaceholderData, refetch } = useQuery({
    ...approvalQuery(session, id),
    ...(listed === undefined ? {} : { placeholderData: listed }),
  });
  return (
    <article aria-label="What is asked" className="flex h-full min-h-0 flex-col">
      <Link
        to="/approvals"
        className="shrink-0 border-b border-line px-4 py-2.5 text-sm text-accent lg:hidden"
      >
        ← All that waits
      </Link>
      {data === undefined ? (
        <div className="p-4 md:p-6">
          {error === null ? (
            <Skeleton rows={8} />
          ) : (
            <FaultNotice error={error} onRetry={() => void refetch()} />
          )}
        </div>
      ) : (
        <Deciding approval={data} isPartial={isPlaceholderData} isTogether={isTogether} />
      )}
    </article>
  );
}

interface DecidingProps {
  readonly approval: Approval;
  readonly isPartial: boolean;
  readonly isTogether: boolean;
}

function Deciding({ approval, isPartial, isTogether }: DecidingProps) {
  const { client } = useSession();
  const cache = useQueryClient();
  const nowMs = useNowMs();
  const reader = useReader(needsPasskey(approval));
  const isExplained = useSignal(explained);
  const [unfolded, setUnfolded] = useState(nothingUnfolded);
  const [reason, setReason] = useState("");
  const [asked, setAsked] = useState<Pick<Decision, "shown" | "word"> | null>(null);
  const sending = useMutation({
    mutationFn: (decision: Decision) => sendDecision(client, decision),
    onMutate: () => dropChosen(approval.id),
    onSettled: () => cache.invalidateQueries({ queryKey: ["approval", approval.id] }),
  });
  const { args } = approval;
  const lines = useMemo(() => (args === null ? [] : foldLines(args as Json)), [args]);
  const exact = useMemo(() => ({ lines, unfolded, onUnfold: setUnfolded }), [lines, unfolded]);
  const state = {
    nowMs,
    // What it is compared with is not on the screen yet.
    isBusy: sending.isPending || isPartial,
    isFolded: countFolded(lines, unfolded) > 0,
  };
  const reasons = {
    approved: whyNotApprove(approval, reader, state),
    denied: whyNotDeny(approval, reader, state),
  };
  const begin = (word: Word): void => {
    // A second of the page's clock is too long for what runs out.
    const why = word === "approved" ? whyNotApprove : whyNotDeny;
    if (why(approval, reader, { ...state, nowMs: Date.now() }) !== null) return;
    if (word === "denied" || approval.effect === "destructive") setAsked({ shown: approval, word });
    else sending.mutate({ shown: approval, word, reason: "" });
  };
  useHotkeys([
    { keys: "e", title: "Explain", run: toggleExplained },
    ...(isTogether
      ? []
      : [
          { keys: "a", title: "Approve", run: () => begin("approved") },
          { keys: "d", title: "Deny", run: () => begin("denied") },
        ]),
  ]);
  return (
    <>
      <div
        className="min-h-0 flex-1 overflow-y-auto p-4 text-sm md:p-6"
        tabIndex={0}
        role="region"
        aria-label="The approval"
      >
        <div className="mx-auto max-w-3xl">
          <ApprovalDetail
            approval={approval}
            isPartial={isPartial}
            exact={exact}
            isExplained={isExplained}
          />
        </div>
      </div>
      <DecisionBar
        approval={approval}
        reasons={reasons}
        outcome={sending.data ?? null}
        isBusy={sending.isPending}
        onWord={begin}
      />
      {asked === null ? null : (
        <Confirm
          approval={asked.shown}
          word={asked.word}
          reason={reason}
          onReason={setReason}
          onClose={() => setAsked(null)}
          onSure={() => {
            setAsked(null);
            // What was written for a no goes with no yes.
            sending.mutate({ ...asked, reason: asked.word === "denied" ? reason : "" });
          }}
        />
      )}
    </>
  );
}
