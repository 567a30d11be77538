import type { Approval } from "../../../../src/client/client.ts";
import { Button } from "../../ui/button.tsx";
import { Inert } from "../../ui/inert.tsx";
import { needsPasskey, noPasskey } from "./approval-words.ts";
import { Countdown } from "./countdown.tsx";
import type { Outcome, Word } from "./outcome-words.ts";

export interface DecisionBarProps {
  readonly approval: Approval;
  readonly reasons: Readonly<Record<Word, string | null>>;
  readonly outcome: Outcome | null;
  readonly isBusy: boolean;
  readonly onWord: (word: Word) => void;
}

const tones = { ok: "text-ok", warn: "text-warn", danger: "text-danger" } as const;

/** At the bottom, always in reach: the two words, why one of them cannot be said, and what came of it. */
export function DecisionBar(props: DecisionBarProps) {
  const { approval, reasons, outcome, isBusy, onWord } = props;
  const why = isBusy ? null : reasons.approved;
  return (
    <div className="shrink-0 border-t border-line bg-surface px-4 py-3 md:px-6">
      <p role="status" className={`text-sm font-medium ${tones[outcome?.tone ?? "ok"]}`}>
        {outcome === null ? null : (
          <span className="mb-2 block">
            <Inert text={outcome.words} /> {outcome.passkeys === true ? <ToPasskeys /> : null}
          </span>
        )}
      </p>
      {why === null || outcome !== null ? null : (
        <p className="mb-2 text-sm text-muted" data-part="why">
          <Inert text={why} /> {why === noPasskey ? <ToPasskeys /> : null}
        </p>
      )}
      <div className="flex flex-wrap items-center gap-2">
        {approval.state === "pending" ? (
          <p className="text-xs text-muted max-md:w-full">
            Runs out in <Countdown at={approval.expiresAt} />
          </p>
        ) : null}
        <div className="ml-auto flex gap-2 max-md:flex-1 max-md:[&>*]:flex-1 max-md:[&>*]:justify-center max-md:[&_kbd]:hidden">
          <Button hotkey="D" reason={reasons.denied} onClick={() => onWord("denied")}>
            Deny …
          </Button>
          <Button
            look="approve"
            hotkey="A"
            reason={reasons.approved}
            busy={isBusy}
            onClick={() => onWord("approved")}
          >
            {needsPasskey(approval) ? "Approve with passkey" : "Approve"}
          </Button>
        </div>
      </div>
    </div>
  );
}

/** The page of passkeys stands beside the console: it is a page of its own. */
function ToPasskeys() {
  return (
    <a className="text-accent underline" href="/passkeys">
      Add a passkey
    </a>
  );
}
